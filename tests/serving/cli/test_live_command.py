"""``straps-serve live``: poses of a stream, in the terminal or in a window."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from serving.cli.live.camera import Camera
from serving.cli.live.terminal import LiveView
from serving.cli.live.window import draw
from serving.live.classifier import LivePrediction
from serving.live.steady import EndedHold, SteadyPrediction
from shared_features.errors import MediaError
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import PROJECT_ROOT, MediaParams
from tests.serving.server import PATIENCE_S
from tests.waiting import wait_for

COMMAND = str(Path(sys.executable).with_name("straps-serve"))
DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
# A frame of the demo performance in the middle of a hold, and its pose.
HELD_FRAME, POSE = 210, "l-hang"
FPS, HELD_FRAMES, EMPTY_FRAMES = 25, 40, 250
LABELS = ("front lever", "other")


@pytest.fixture(scope="module")
def hold_then_nobody(tmp_path_factory: pytest.TempPathFactory, media: MediaParams) -> Path:
    """A pose held for 1.6 s, then an empty room for ten seconds."""
    with VideoReader(DEMO, media) as reader:
        held = next(frame.rgb for frame in reader.frames(start=HELD_FRAME))
    path = tmp_path_factory.mktemp("held") / "held.mp4"
    height, width = held.shape[:2]
    empty = np.full_like(held, 120)
    with VideoWriter(path, width, height) as writer:
        for index in range(HELD_FRAMES + EMPTY_FRAMES):
            writer.write(held if index < HELD_FRAMES else empty, index / FPS)
    return path


def an_answer(
    *,
    label: str = LABELS[0],
    hold_s: float | None = None,
    ended: EndedHold | None = None,
    landmarks: NDArray[np.float64] | None = None,
) -> LivePrediction:
    steady = SteadyPrediction(label, 0.9, np.array([0.9, 0.1]), hold_s, ended)
    return LivePrediction(LABELS, True, False, steady, landmarks, 0.01, 0.001)


def test_a_recording_plays_at_its_own_pace_and_the_newest_picture_counts(clip: Path) -> None:
    """A slow reader misses frames and is told how many; time passes as it did when filmed."""
    started = time.monotonic()
    times, dropped = [], 0
    with Camera(str(clip)) as camera:
        for newest in camera.frames():
            assert newest.frame.rgb.shape == (240, 320, 3)
            times.append(newest.frame.pts_s)
            dropped = newest.dropped
            # The slow reader: two frames are lost before it asks for the next one.
            wait_for(lambda dropped=dropped: camera._dropped >= dropped + 2 or camera._ended)
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
    """The message names the source and what is expected."""
    if source == "0" and Path("/dev/video0").exists():
        pytest.skip("there is a camera")
    with pytest.raises(MediaError, match=said):
        Camera(source)


def test_a_pipe_gets_a_line_per_hold_and_ctrl_c_prints_the_table(
    hold_then_nobody: Path, model: Path, pose_model: Path
) -> None:
    """The hold is printed when it has ended; Ctrl+C ends the command with the table of holds."""
    del pose_model  # needed by the command
    with subprocess.Popen(  # noqa: S603
        [COMMAND, "live", str(hold_then_nobody), "--model", str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=PATIENCE_S)
    assert re.fullmatch(rf"{POSE}: \d\.\d s, (\d+ points|no score)(: .*)?\n", line), (line, errors)
    assert "Holds" in rest
    assert re.search(rf"{POSE}.*\d\.\d s.*best", rest)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_holds_are_listed_with_the_best_of_each_pose() -> None:
    """One line when a hold ends, and a table at the end."""
    output = io.StringIO()
    with LiveView(Console(file=output, width=80)).showing() as view:
        view.update(an_answer(hold_s=1.0), 30.0, 0)
        view.update(an_answer(ended=EndedHold("front lever", 1.0, 3.0)), 30.0, 0)
        view.add(EndedHold("front lever", 5.0, 8.5))
        view.add(EndedHold("l-hang", 9.0, 10.0))
    lines = output.getvalue().splitlines()
    assert lines[:3] == ["front lever: 2.0 s", "front lever: 3.5 s", "l-hang: 1.0 s"]
    rows = [line for line in lines[3:] if " s " in line]
    assert ["best" in row for row in rows] == [False, True, True]


def test_a_session_without_holds_says_so() -> None:
    """Instead of an empty table."""
    output = io.StringIO()
    with LiveView(Console(file=output, width=80)).showing() as view:
        view.update(an_answer(label="no person"), 30.0, 0)
    assert output.getvalue() == "No pose was held.\n"


def test_a_terminal_shows_pose_clock_probabilities_and_losses() -> None:
    """The panel is redrawn in place."""
    output = io.StringIO()
    console = Console(file=output, width=80, force_terminal=True, color_system=None)
    with LiveView(console).showing() as view:
        view.update(an_answer(hold_s=2.5), 24.0, 7)
    shown = output.getvalue()
    for words in ("FRONT LEVER", "2.5 s", "90%", "24 frames/s", "7 dropped", "Ctrl+C"):
        assert words in shown, words


def test_a_window_without_a_screen_is_a_message(clip: Path, model: Path, pose_model: Path) -> None:
    """It says that the terminal will do."""
    if sys.platform != "linux":
        pytest.skip("there is always a screen")
    del pose_model
    done = subprocess.run(  # noqa: S603
        [COMMAND, "live", "--window", str(clip), "--model", str(model)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={name: value for name, value in os.environ.items() if name != "DISPLAY"},
    )
    assert done.returncode == 2
    assert "Without --window" in done.stderr


def test_the_window_shows_skeleton_and_clock() -> None:
    """Lines where the landmarks are, and words at the top."""
    landmarks = np.full((33, 3), 0.5)
    landmarks[11, :2], landmarks[12, :2] = (0.25, 0.75), (0.75, 0.75)
    black = np.zeros((240, 320, 3), np.uint8)
    drawn = np.asarray(draw(black, an_answer(hold_s=2.5, landmarks=landmarks)))
    height, width = drawn.shape[:2]
    assert max(height, width) == 960
    assert drawn[round(0.75 * height) - 2 : round(0.75 * height) + 3, width // 2].max() > 200
    assert drawn[:80].max() > 200
    assert drawn[-40:].max() == 0
