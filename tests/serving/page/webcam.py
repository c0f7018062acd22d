"""Films for a fake webcam, cut from the demo performance."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared_features.media.video.reader import VideoReader
from shared_features.params import PROJECT_ROOT, load_shared

DEMO = PROJECT_ROOT / "serving" / "demo"
# Chromium loops such a file at this rate, whatever rate it was recorded at.
FRAMES_PER_SECOND = 30
# The end of a transition, the whole l-hang, and the start of the way out of it.
FIRST, LAST = 125, 290
POSE = "l-hang"
_END = b"\xff\xd9"  # of a JPEG file


def write_film(path: Path) -> Path:
    """A Motion JPEG of part of the demo performance: concatenated JPEG files."""
    with (
        VideoReader(DEMO / "performance.mp4", load_shared().media) as video,
        path.open("wb") as out,
    ):
        for frame in video.frames(start=FIRST):
            if frame.index > LAST:
                break
            Image.fromarray(frame.rgb).save(out, "JPEG", quality=88)
    return path


def write_empty_room(path: Path) -> Path:
    """A Motion JPEG of a wall."""
    with path.open("wb") as out:
        for _ in range(FRAMES_PER_SECOND):
            Image.new("RGB", (640, 480), (120, 130, 110)).save(out, "JPEG")
    return path


def looks_mirrored(picture: NDArray[np.uint8], film: Path) -> bool:
    """Whether the mirror image of an image is nearer to some frame of a film than the image itself.

    Args:
        picture: ``(height, width, 3)`` RGB.
        film: Path of a film of ``write_film``.
    """
    small = _shrunk(picture)
    jpegs = [jpeg + _END for jpeg in film.read_bytes().split(_END)[:-1]]
    frames = [_shrunk(decoded(jpeg)) for jpeg in jpegs]
    as_is = min(float(np.abs(small - frame).mean()) for frame in frames)
    mirrored = min(float(np.abs(small[:, ::-1] - frame).mean()) for frame in frames)
    return mirrored < as_is


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    """The ``(height, width, 3)`` RGB pixels of a JPEG file."""
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(pixels, np.uint8)


def _shrunk(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(picture, (80, 60), interpolation=cv2.INTER_AREA), np.float32)
