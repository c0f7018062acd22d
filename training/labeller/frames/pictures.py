"""Frames as the JPEG pictures that the page shows, and where they are kept."""

import tempfile
import threading
from bisect import bisect_left
from dataclasses import dataclass

import cv2

from shared_features.media.frames import RgbArray
from training.errors import TrainingError

SHARP_SIDE = 1280
SMALL_SIDE = 640
SMALL_PICTURE_BYTES = 30_000
"""About what a small picture takes."""
_SHARP_QUALITY, _SMALL_QUALITY = 85, 75


@dataclass(frozen=True, repr=False)
class Picture:
    """A frame as the page gets it.

    Attributes:
        frame: its number.
        sharp: whether there is no better picture of it.
        jpeg: the file.
    """

    frame: int
    sharp: bool
    jpeg: bytes


def picture_of(frame: int, rgb: RgbArray, small: bool = False) -> Picture:
    """A frame as a JPEG file, no side longer than 1280 pixels; 640 if ``small``."""
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
        raise TrainingError(f"A frame of {width}×{height} pixels cannot be shown as a JPEG.")
    return Picture(frame, not small, bytes(jpeg))


class PictureFile:
    """Pictures in one temporary file without a name: it is gone with the process, however it ends.

    Safe between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = tempfile.TemporaryFile(prefix="straps-labeller-")  # noqa: SIM115 - see close
        self._places: dict[int, tuple[int, int, bool]] = {}
        self._frames: list[int] = []
        self._full = False
        self.size_bytes = 0

    def add(self, picture: Picture) -> None:
        """Keep a picture; frames come in their order, the last one may come again."""
        with self._lock:
            if self._full or self._file.closed:
                return
            try:
                self._file.seek(self.size_bytes)
                self._file.write(picture.jpeg)
                self._file.flush()
            except OSError:
                # No room on the disk: pictures that are not kept are made when they are asked for.
                self._full = True
                return
            if picture.frame not in self._places:
                self._frames.append(picture.frame)
            self._places[picture.frame] = (self.size_bytes, len(picture.jpeg), picture.sharp)
            self.size_bytes += len(picture.jpeg)

    def get(self, frame: int) -> Picture | None:
        """The picture of a frame, if it is kept."""
        with self._lock:
            place = self._places.get(frame)
            if place is None or self._file.closed:
                return None
            start, size, sharp = place
            self._file.seek(start)
            return Picture(frame, sharp, self._file.read(size))

    def nearest(self, frame: int) -> Picture | None:
        """The kept picture whose frame is nearest."""
        with self._lock:
            place = bisect_left(self._frames, frame)
            neighbours = self._frames[max(0, place - 1) : place + 1]
        if not neighbours:
            return None
        return self.get(min(neighbours, key=lambda kept: abs(kept - frame)))

    def close(self) -> None:
        """Give the disk back; there are no pictures any more."""
        with self._lock:
            self._file.close()
