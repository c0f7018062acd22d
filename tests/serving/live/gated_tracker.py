"""A tracker that can be held up, or crash, from another process: for tests only."""

import os
from pathlib import Path

from serving.live.frame import LiveFrame
from serving.live.trackers import FrameTracker, TrackedFrame
from shared_features.params import PoseParams
from tests.waiting import wait_for

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
    """Waits at a gate with each frame."""

    def __init__(self, gate: Gate, pose: PoseParams) -> None:
        super().__init__(pose)
        self._gate = gate

    def track_image(self, frame: LiveFrame, max_pixels: int, max_side_pixels: int) -> TrackedFrame:
        self._gate.pass_through()
        return super().track_image(frame, max_pixels, max_side_pixels)


class FragileTracker(FrameTracker):
    """Crashes or hangs when it is told to, as a native decoder might."""

    def track_image(self, frame: LiveFrame, max_pixels: int, max_side_pixels: int) -> TrackedFrame:
        if frame.image == CRASHING_IMAGE:
            os.abort()
        if frame.image == HANGING_IMAGE:
            wait_for(lambda: False)
        return super().track_image(frame, max_pixels, max_side_pixels)
