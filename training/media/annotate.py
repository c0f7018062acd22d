"""Annotated copies of recordings: the landmarks are drawn on them, for checking by eye."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import (
    CONNECTIONS,
    LANDMARK_NAMES,
    FloatArray,
    LandmarkTrack,
)
from shared_features.media.frames import RgbArray
from shared_features.media.photos import read_photo
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import MediaParams
from shared_features.runtime.atomic import atomic_write
from training.recordings.catalog import Recording

# One colour for the performer's left and one for the right, so that swapped landmarks show.
_SIDE_COLOURS = {"LEFT": (255, 140, 0), "RIGHT": (0, 170, 255)}
_MIDDLE_COLOUR = (235, 235, 235)
_JPEG_QUALITY = 90
# Line width as a share of the image's shorter side.
_LINE_SHARE = 1 / 240
# OpenCV gets positions in sixteenths of a pixel.
_SHIFT = 4


def annotated_path(folder: Path, recording: Recording) -> Path:
    """Path of a recording's annotated copy, below the folder of landmark tables."""
    suffix = ".jpg" if recording.kind == "photo" else ".mp4"
    return folder / "annotated" / f"{recording.kind}_{recording.stem}{suffix}"


def draw_landmarks(rgb: RgbArray, image: FloatArray) -> RgbArray:
    """A copy of an image with the skeleton drawn on it, or a plain copy if there is no person.

    Args:
        rgb: Image ``(height, width, 3)`` uint8.
        image: Image landmarks ``(33, 5)``, NaN if there is no person.
    """
    import cv2

    drawn = rgb.copy()
    if np.isnan(image[:, :2]).any():
        return drawn
    height, width = rgb.shape[:2]
    points = _drawing_positions(image, width, height)
    by_name = dict(zip(LANDMARK_NAMES, points, strict=True))
    thickness = max(1, round(min(height, width) * _LINE_SHARE))
    for start, end in CONNECTIONS:
        cv2.line(
            drawn,
            by_name[start],
            by_name[end],
            _colour(start, end),
            thickness,
            cv2.LINE_AA,
            _SHIFT,
        )
    for name, point in by_name.items():
        radius = (thickness + 1) << _SHIFT
        cv2.circle(drawn, point, radius, _colour(name), cv2.FILLED, cv2.LINE_AA, _SHIFT)
    return drawn


def annotate_photo(path: Path, track: LandmarkTrack, media: MediaParams, target: Path) -> None:
    """Write a photo with its landmarks as a JPEG file."""
    from PIL import Image

    drawn = draw_landmarks(read_photo(path, media).rgb, track.image[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as temporary:
        Image.fromarray(drawn).save(temporary, "JPEG", quality=_JPEG_QUALITY)


def annotate_video(path: Path, track: LandmarkTrack, media: MediaParams, target: Path) -> None:
    """Write a video with its landmarks as H.264, without audio, each frame at its own time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        VideoReader(path, media) as reader,
        VideoWriter(target, reader.info.width, reader.info.height) as writer,
    ):
        for frame, image in zip(reader.frames(), track.image, strict=True):
            writer.write(draw_landmarks(frame.rgb, image), frame.pts_s)


def _drawing_positions(image: FloatArray, width: int, height: int) -> list[tuple[int, int]]:
    """Landmarks in OpenCV's units; those far outside are moved close to the image's edge."""
    fractions: NDArray[np.float64] = np.clip(image[:, :2].astype(np.float64), -1, 2)
    positions = np.rint(fractions * (width, height) * (1 << _SHIFT)).astype(int)
    return [(int(x), int(y)) for x, y in positions]


def _colour(*names: str) -> tuple[int, int, int]:
    """The colour of a landmark, or of the line between two."""
    for side, colour in _SIDE_COLOURS.items():
        if all(side in name for name in names):
            return colour
    return _MIDDLE_COLOUR
