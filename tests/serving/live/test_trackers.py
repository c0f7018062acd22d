"""Each live session has a tracker in a process of its own, and the next one is ready."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from serving.live.frame import FrameError, LiveFrame
from serving.live.trackers import TrackerPool
from shared_features.params import PoseParams
from tests.serving.live.client import jpeg

pytestmark = pytest.mark.usefixtures("pose_model")
LIMITS = (640 * 480, 32_000)


def test_a_spare_is_ready_before_a_session_asks(pose: PoseParams) -> None:
    """One at a time, another for each that is taken, and no more than two are kept."""
    pool = TrackerPool(pose)
    spare = pool.prepare().result()
    assert pool.prepare().result() is spare
    taken = [pool.take() for _ in range(3)]
    assert taken[0].result() is spare
    workers = [future.result() for future in taken]
    assert len({worker.pid for worker in workers}) == 3
    for future in taken:
        pool.give_back(future)
    kept = [pool.take().result() for _ in range(2)]
    assert kept == workers[:2]
    for worker in kept:
        worker.end()
    pool.close()
    assert not workers[2].alive


def test_a_process_is_used_again_and_remembers_nothing(
    pose: PoseParams, performer_frames: list[NDArray[np.uint8]]
) -> None:
    """The next session gets the same process, and the same landmarks from the same frames."""
    pool = TrackerPool(pose)
    found, pids = [], []
    for _ in range(2):
        taken = pool.take()
        worker = taken.result()
        pids.append(worker.pid)
        for number, rgb in enumerate(performer_frames[:5]):
            tracked = worker.call("track_image", LiveFrame(number, number / 10, jpeg(rgb)), *LIMITS)
        found.append(tracked.person.image)
        pool.give_back(taken)
    pool.close()
    assert pids[0] == pids[1]
    np.testing.assert_array_equal(found[0], found[1])


def test_a_process_that_died_is_replaced(pose: PoseParams) -> None:
    """The pool notices when it gets it back."""
    pool = TrackerPool(pose)
    taken = pool.take()
    os.kill(taken.result().pid, signal.SIGKILL)
    taken.result()._process.join()
    pool.give_back(taken)
    assert pool.take().result().alive
    pool.close()


def test_what_is_no_image_is_refused_by_the_process(pose: PoseParams) -> None:
    """With the frame's own number, and the process lives on."""
    pool = TrackerPool(pose)
    taken = pool.take()
    with pytest.raises(FrameError) as error:
        taken.result().call("track_image", LiveFrame(7, 1.0, b"no image"), *LIMITS)
    assert (error.value.code, error.value.frame_id) == ("bad_picture", 7)
    assert taken.result().alive
    pool.give_back(taken)
    pool.close()


def test_a_pose_model_that_is_missing_is_told_to_everyone(pose: PoseParams, tmp_path: Path) -> None:
    """Each session that asks hears of it; the next attempt is a new one."""
    pool = TrackerPool(pose.model_copy(update={"model_path": tmp_path / "none.task"}))
    for _ in range(2):
        with pytest.raises(Exception, match=r"none\.task"):
            pool.take().result()
    pool.prepare()
    pool.close()
