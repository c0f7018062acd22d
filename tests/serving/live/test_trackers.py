"""Trackers of live sessions are made ahead, given to one session each, and freed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.live.trackers import SpareTracker, free
from shared_features.params import PoseParams
from shared_features.pose.estimator import PoseEstimator

pytestmark = pytest.mark.usefixtures("pose_model")


@pytest.fixture
def open_trackers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[PoseEstimator]]:
    """Those that were made and not yet closed."""
    made: list[PoseEstimator] = []
    real_init, real_close = PoseEstimator.__init__, PoseEstimator.close

    def init(self: PoseEstimator, *arguments: object) -> None:
        real_init(self, *arguments)  # type: ignore[arg-type]
        made.append(self)

    def close(self: PoseEstimator) -> None:
        real_close(self)
        if self in made:
            made.remove(self)

    monkeypatch.setattr(PoseEstimator, "__init__", init)
    monkeypatch.setattr(PoseEstimator, "close", close)
    yield made
    assert made == []


def test_the_next_one_is_there_before_anybody_asks(
    pose: PoseParams, open_trackers: list[PoseEstimator]
) -> None:
    """One at a time, another for each that is taken, and none is left open."""
    ahead = SpareTracker(pose)
    waiting = ahead.prepare().result()
    assert ahead.prepare().result() is waiting
    first = ahead.take()
    assert first.done()
    assert first.result() is waiting
    second = ahead.take()
    assert second.result() is not waiting
    ahead.prepare().result()
    assert len(open_trackers) == 3
    free(first)
    free(second)
    ahead.close()


def test_a_pose_model_that_is_missing_is_told_to_everyone(
    pose: PoseParams, tmp_path: Path, open_trackers: list[PoseEstimator]
) -> None:
    """Whoever takes one hears of it; the next attempt is a new one."""
    ahead = SpareTracker(pose.model_copy(update={"model_path": tmp_path / "none.task"}))
    for _ in range(2):
        with pytest.raises(Exception, match=r"none\.task"):
            ahead.take().result()
    ahead.prepare()
    ahead.close()
    assert open_trackers == []
