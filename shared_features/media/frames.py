"""Upright pictures with their times, and photos read as one.

A frame's time is the presentation timestamp that its file gives it (``video_reader``); a photo is a
frame at time 0. The only module that reads through Pillow.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from shared_features.errors import MediaError, MediaTooLargeError
from shared_features.params import MediaParams

RgbArray = NDArray[np.uint8]

# "JPEG" includes the MPO files of many phones: a JPEG with a second picture inside.
PHOTO_FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, repr=False)
class Frame:
    """One upright picture.

    Attributes:
        index: place in the recording, first frame 0.
        pts_s: presentation time in seconds, first frame 0.
        rgb: ``(height, width, 3)`` uint8, rotation applied, square pixels.
    """

    index: int
    pts_s: float
    rgb: RgbArray

    def __repr__(self) -> str:
        height, width = self.rgb.shape[:2]
        return f"Frame(index={self.index}, pts_s={self.pts_s:.3f}, {width}×{height})"


def read_photo(path: Path, limits: MediaParams) -> Frame:
    """A photo as one upright frame, EXIF orientation applied.

    Raises:
        MediaTooLargeError: more pixels than ``media.max_photo_pixels``; nothing was decoded.
        MediaError: missing, damaged, or not a JPEG, PNG or WebP.
    """
    require_content(path)
    try:
        with Image.open(path, formats=PHOTO_FORMATS) as photo:
            _check_photo_size(path, photo.size, limits)
            upright = ImageOps.exif_transpose(photo)
            if upright.mode.startswith("I;16"):
                # Pillow clips 16-bit grey to 255 instead of scaling it.
                grey = (np.asarray(upright) >> 8).astype(np.uint8)
                upright = Image.fromarray(grey)
            rgb = np.array(upright.convert("RGB"))
    except Image.DecompressionBombError as error:
        raise MediaTooLargeError(
            _too_many_pixels(path, "hundreds of millions of", limits)
        ) from error
    except UnidentifiedImageError as error:
        raise MediaError(
            f"{path.name} is not a photo this program reads; expected a JPEG, PNG or WebP file. "
            "Convert it first (phones can be set to save JPEG instead of HEIC)."
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError(
            f"{path.name} is a damaged photo ({error}). Send the original file again."
        ) from error
    return Frame(index=0, pts_s=0.0, rgb=rgb)


def _check_photo_size(path: Path, size: tuple[int, int], limits: MediaParams) -> None:
    if size[0] * size[1] > limits.max_photo_pixels:
        raise MediaTooLargeError(_too_many_pixels(path, f"{size[0]}×{size[1]}", limits))


def _too_many_pixels(path: Path, size: str, limits: MediaParams) -> str:
    return (
        f"{path.name} is {size} pixels large, a photo may have {limits.max_photo_pixels:,} "
        "(`media.max_photo_pixels` in params.yaml). Send a smaller one."
    )


def require_content(path: Path) -> None:
    """Raise a ``MediaError`` unless there is a file with something in it."""
    if not path.is_file():
        raise MediaError(f"There is no file {path}. Give the path of a photo or a video.")
    if path.stat().st_size == 0:
        raise MediaError(f"{path.name} is empty (0 bytes). Send the original file again.")
