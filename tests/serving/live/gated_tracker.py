"""A tracker that can be held up, or crash, from another process: for tests only."""

import os
from pathlib import Path

from serving.live.frame import LiveFrame
from serving.live.trackers import FrameTracker, TrackedFrame
from tests.waiting import wait_for

GATE_VARIABLE = "STRAPS_TEST_GATE"
CRASHING_IMAGE = b"crash"
HANGING_IMAGE = b"hang"


class Gate:
    """Files that two processes see: one says that a frame has arrived, one lets it through."""

    def __init__(self, folder: Path) -> None:
        self._reached, self._opened = folder / "reached", folder / "opened"

    def pass_through(self) -> None:
        """In the tracker's process: wait until the gate is open."""
        self._reached.touch()
        wait_for(self._opened.exists)

    def wait_until_reached(self) -> None:
        wait_for(self._reached.exists)

    def open(self) -> None:
        self._opened.touch()


class GatedTracker(FrameTracker):
    """Waits at the gate with each frame."""

    def track_image(self, frame: LiveFrame, max_pixels: int, max_side_pixels: int) -> TrackedFrame:
        Gate(Path(os.environ[GATE_VARIABLE])).pass_through()
        return super().track_image(frame, max_pixels, max_side_pixels)


class FragileTracker(FrameTracker):
    """Crashes or hangs when it is told to, as a native decoder might."""

    def track_image(self, frame: LiveFrame, max_pixels: int, max_side_pixels: int) -> TrackedFrame:
        if frame.image == CRASHING_IMAGE:
            os.abort()
        if frame.image == HANGING_IMAGE:
            wait_for(lambda: False)
        return super().track_image(frame, max_pixels, max_side_pixels)
