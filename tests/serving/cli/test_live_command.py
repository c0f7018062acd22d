"""``straps-serve live``: poses of a stream, in the terminal or in a window."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from serving.cli.live.camera import Camera
from serving.cli.live.window import draw
from serving.errors import ServingError
from serving.live.classifier import LiveAnswer
from serving.live.steady import SteadyAnswer
from tests.serving.server import PATIENCE_S

COMMAND = str(Path(sys.executable).with_name("straps-serve"))


def test_a_recording_plays_at_its_own_pace_and_the_newest_picture_counts(clip: Path) -> None:
    """Who is slow misses pictures, and is told how many; time passes as it did when filmed."""
    started = time.monotonic()
    times, dropped = [], 0
    with Camera(str(clip)) as camera:
        for frame in camera.frames():
            assert frame.rgb.shape == (240, 320, 3)
            times.append(frame.time_s)
            dropped = frame.dropped
            time.sleep(0.1)
    assert times == sorted(times)
    assert len(times) < 40
    assert len(times) + dropped == 60
    assert time.monotonic() - started >= 60 / 25 - 0.2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("0", "There is no camera 0"),
        ("nothing.mp4", "nothing.mp4 cannot be read"),
        ("http://127.0.0.1:9/stream", "cannot be read"),
        (__file__, "cannot be read"),
    ],
    ids=["no camera", "no file", "no server", "no video"],
)
def test_a_source_that_cannot_be_opened_is_a_message(source: str, said: str) -> None:
    """What was given, and what is expected."""
    if source == "0" and Path("/dev/video0").exists():
        pytest.skip("there is a camera")
    with pytest.raises(ServingError, match=said):
        Camera(source)


def test_the_terminal_gets_the_holds(clip: Path, model: Path, pose_model: Path) -> None:
    """A line per hold and a table, where nobody watches; Ctrl+C ends it in order."""
    del pose_model  # needed by the command
    done = subprocess.run(  # noqa: S603
        [COMMAND, "live", str(clip), "--model", str(model)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert "Holds" in done.stdout or "No pose was held." in done.stdout
    process = subprocess.Popen(  # noqa: S603
        [COMMAND, "live", str(clip), "--model", str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(3.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in errors


def test_a_window_without_a_screen_is_a_message(clip: Path, model: Path, pose_model: Path) -> None:
    """It says that the terminal will do."""
    del pose_model
    done = subprocess.run(  # noqa: S603
        [COMMAND, "live", "--window", str(clip), "--model", str(model)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={name: value for name, value in os.environ.items() if name != "DISPLAY"},
    )
    if sys.platform != "linux":
        pytest.skip("there is always a screen")
    assert done.returncode == 2
    assert "Without --window" in done.stderr


def test_the_window_shows_skeleton_and_clock(pictures: list[NDArray[np.uint8]]) -> None:
    """Lines where the landmarks are, and words at the top."""
    landmarks = np.full((33, 3), 0.5)
    landmarks[11, :2], landmarks[12, :2] = (0.25, 0.75), (0.75, 0.75)
    steady = SteadyAnswer("front lever", 0.9, np.array([0.9, 0.1]), 2.5, None)
    answer = LiveAnswer(("front lever", "other"), True, False, steady, landmarks, 0.01, 0.001)
    black = np.zeros_like(pictures[0])
    drawn = np.asarray(draw(black, answer))
    height, width = drawn.shape[:2]
    assert max(height, width) == 960
    assert drawn[round(0.75 * height) - 2 : round(0.75 * height) + 3, width // 2].max() > 200
    assert drawn[:80].max() > 200
    assert drawn[-40:].max() == 0
