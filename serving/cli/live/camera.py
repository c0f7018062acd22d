"""The newest frame of a camera, a stream or a recording, for ``straps-serve live``."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from serving.errors import ServingError
from shared_features.media.frames import Frame
from shared_features.media.video.live import live_frames

_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class CameraFrame:
    """A frame, and what was lost before it.

    Attributes:
        frame: The frame; its time counts from the source's first frame.
        dropped: Number of frames replaced by a newer one so far, before anything was done with
            them.
    """

    frame: Frame
    dropped: int


class Camera:
    """The newest frame of a source, read in a thread of its own. Use as a context manager.

    A recording is played at its own speed, so it behaves like a camera.

    Args:
        source: Number of a local camera, or anything that FFmpeg opens: a file, ``rtsp://…``,
            ``http://…``.

    Raises:
        MediaError: the source cannot be opened.
        ServingError: the source gives no frames.
    """

    def __init__(self, source: str) -> None:
        self._plays_recording = not source.isdecimal() and Path(source).is_file()
        self._frames = live_frames(source)
        self._first = next(self._frames, None)
        if self._first is None:
            raise ServingError(f"{source} gives no image. Is another program using the camera?")
        self._filled = threading.Condition()
        self._newest: Frame | None = None
        self._dropped = 0
        self._ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="camera", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        # A stream that has fallen silent cannot be interrupted; its thread ends with the process.
        self._thread.join(_STOP_TIMEOUT_S)

    def frames(self) -> Iterator[CameraFrame]:
        """The newest frame each time one is asked for, until the source ends."""
        while True:
            with self._filled:
                self._filled.wait_for(lambda: self._newest is not None or self._ended)
                if self._newest is None:
                    return
                frame, self._newest = self._newest, None
                dropped = self._dropped
            yield CameraFrame(frame, dropped)

    def _read(self) -> None:
        started_s = time.monotonic()
        try:
            for frame in self._all_frames():
                if self._plays_recording:
                    self._stop.wait(started_s + frame.pts_s - time.monotonic())
                if self._stop.is_set():
                    return
                with self._filled:
                    self._dropped += self._newest is not None
                    self._newest = frame
                    self._filled.notify()
        finally:
            with self._filled:
                self._ended = True
                self._filled.notify()

    def _all_frames(self) -> Iterator[Frame]:
        if self._first is not None:
            yield self._first
        yield from self._frames
