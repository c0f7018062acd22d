"""Frames as JPEGs for the page, and the temporary file that stores them."""

import tempfile
import threading
from bisect import bisect_left
from dataclasses import dataclass

import cv2

from shared_features.media.frames import RgbArray
from training.errors import TrainingError

SHARP_SIDE = 1280
SMALL_SIDE = 640
SMALL_JPEG_BYTES = 30_000
"""Approximate size of a small JPEG."""
_SHARP_QUALITY, _SMALL_QUALITY = 85, 75


@dataclass(frozen=True, repr=False)
class FrameJpeg:
    """A frame as the page receives it.

    Attributes:
        frame: Number of the frame.
        sharp: Whether this is the best image of the frame that the tool can give.
        content: Bytes of the JPEG file.
    """

    frame: int
    sharp: bool
    content: bytes


def encode_frame(frame: int, rgb: RgbArray, small: bool = False) -> FrameJpeg:
    """A frame as a JPEG with no side longer than 1280 pixels, or 640 if ``small``."""
    height, width = rgb.shape[:2]
    small = small and max(height, width) > SMALL_SIDE
    scale = (SMALL_SIDE if small else SHARP_SIDE) / max(width, height)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    quality = _SMALL_QUALITY if small else _SHARP_QUALITY
    done, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise TrainingError(f"A frame of {width}×{height} pixels cannot be encoded as a JPEG.")
    return FrameJpeg(frame, not small, bytes(jpeg))


class JpegFile:
    """JPEGs in one unnamed temporary file, which disappears with the process however it ends.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = tempfile.TemporaryFile(prefix="straps-labeller-")  # noqa: SIM115 - see close
        self._spans: dict[int, tuple[int, int, bool]] = {}
        self._frames: list[int] = []
        self._full = False
        self.size_bytes = 0

    def add(self, jpeg: FrameJpeg) -> None:
        """Store a JPEG. Frames must come in order; the last one may be added a second time."""
        with self._lock:
            if self._full or self._file.closed:
                return
            try:
                self._file.seek(self.size_bytes)
                self._file.write(jpeg.content)
                self._file.flush()
            except OSError:
                # The disk is full: JPEGs that are not stored are made on request.
                self._full = True
                return
            if jpeg.frame not in self._spans:
                self._frames.append(jpeg.frame)
            self._spans[jpeg.frame] = (self.size_bytes, len(jpeg.content), jpeg.sharp)
            self.size_bytes += len(jpeg.content)

    def get(self, frame: int) -> FrameJpeg | None:
        """The JPEG of a frame, if it is stored."""
        with self._lock:
            span = self._spans.get(frame)
            if span is None or self._file.closed:
                return None
            start, size, sharp = span
            self._file.seek(start)
            return FrameJpeg(frame, sharp, self._file.read(size))

    def nearest(self, frame: int) -> FrameJpeg | None:
        """The stored JPEG whose frame is nearest."""
        with self._lock:
            index = bisect_left(self._frames, frame)
            neighbours = self._frames[max(0, index - 1) : index + 1]
        if not neighbours:
            return None
        return self.get(min(neighbours, key=lambda kept: abs(kept - frame)))

    def close(self) -> None:
        """Delete the file with all JPEGs."""
        with self._lock:
            self._file.close()
