"""Pictures for ``straps-serve live``: of a local camera, a stream or a recording, as they come."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import av.error
import cv2
import numpy as np

from serving.errors import ServingError
from shared_features.media.frames import RgbArray

_OPEN_TIMEOUT_S = 10
_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class CameraFrame:
    """A picture and when it was taken.

    Attributes:
        rgb: ``(height, width, 3)`` uint8, upright.
        time_s: for a camera by this machine's clock, else by the source's own; rises.
        dropped: how many pictures nobody has looked at so far.
    """

    rgb: RgbArray
    time_s: float
    dropped: int


class Camera:
    """The newest picture of a source, read in a thread of its own. Use as a context manager.

    A recording is played at its own pace, so that it behaves like a camera.

    Args:
        source: number of a local camera, or anything that FFmpeg opens: a file, ``rtsp://…``,
            ``http://…``.

    Raises:
        ServingError: it cannot be opened.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._frames = _of_camera(int(source)) if source.isdecimal() else _of_media(source)
        self._first = next(self._frames, None)
        if self._first is None:
            raise ServingError(f"{source} gives no picture. Is the camera used by another program?")
        self._filled = threading.Condition()
        self._newest: tuple[float, RgbArray] | None = None
        self._dropped = 0
        self._ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="camera", daemon=True)

    def __enter__(self) -> "Camera":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        # A stream that has fallen silent cannot be interrupted; its thread ends with the process.
        self._thread.join(_STOP_TIMEOUT_S)

    def frames(self) -> Iterator[CameraFrame]:
        """The newest picture each time one is asked for, until the source ends."""
        while True:
            with self._filled:
                self._filled.wait_for(lambda: self._newest is not None or self._ended)
                if self._newest is None:
                    return
                (time_s, rgb), self._newest = self._newest, None
                dropped = self._dropped
            yield CameraFrame(rgb, time_s, dropped)

    def _read(self) -> None:
        paced = Path(self._source).is_file()
        started_s, first_s = time.monotonic(), self._first[0] if self._first else 0.0
        try:
            for time_s, rgb in self._all_frames():
                if paced:
                    self._stop.wait(started_s + time_s - first_s - time.monotonic())
                if self._stop.is_set():
                    return
                with self._filled:
                    self._dropped += self._newest is not None
                    self._newest = time_s, rgb
                    self._filled.notify()
        finally:
            with self._filled:
                self._ended = True
                self._filled.notify()

    def _all_frames(self) -> Iterator[tuple[float, RgbArray]]:
        if self._first is not None:
            yield self._first
        yield from self._frames


def _of_camera(number: int) -> Iterator[tuple[float, RgbArray]]:
    capture = cv2.VideoCapture(number)
    try:
        if not capture.isOpened():
            raise ServingError(
                f"There is no camera {number}, or this program may not use it. Give another "
                "number, or the address of a stream (rtsp://…), or a recording."
            )
        while True:
            is_read, bgr = capture.read()
            if not is_read:
                return
            yield time.monotonic(), cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8)
    finally:
        capture.release()


def _of_media(source: str) -> Iterator[tuple[float, RgbArray]]:
    try:
        with av.open(source, timeout=_OPEN_TIMEOUT_S) as container:
            if not container.streams.video:
                raise ServingError(f"{source} holds no picture; expected a video.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            last_s = -1.0
            for frame in container.decode(stream):
                # Live streams repeat times, or leave them out.
                last_s = max(frame.time or 0.0, last_s + 1e-3)
                rgb = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90 % 4)
                yield last_s, np.ascontiguousarray(rgb)
    except (av.error.FFmpegError, OSError) as error:
        raise ServingError(
            f"{source} cannot be read ({error}). Expected the number of a camera, the address of "
            "a stream (rtsp://…, http://…) or a recording."
        ) from error
