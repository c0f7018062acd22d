"""Photos as upright frames. The only module that reads through Pillow."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from shared_features.errors import MediaError, MediaTooLargeError
from shared_features.media.files import require_content
from shared_features.media.frames import Frame
from shared_features.media.limits import require_sides_within
from shared_features.params import MediaParams

# "JPEG" includes the MPO files of many phones: a JPEG with a second image inside.
PHOTO_FORMATS = ("JPEG", "PNG", "WEBP")


def read_photo(path: Path, limits: MediaParams) -> Frame:
    """Read a photo as one upright frame at time 0, with its EXIF orientation applied.

    Raises:
        MediaTooLargeError: the photo has more than ``media.max_photo_pixels``, or a side longer
            than ``media.max_side_pixels``; checked before anything is decoded.
        MediaError: the file is missing, damaged, or not a JPEG, PNG or WebP.
    """
    require_content(path)
    try:
        with Image.open(path, formats=PHOTO_FORMATS) as photo:
            _check_size(path, photo.size, limits)
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
    return Frame.of_rgb(rgb)


def _check_size(path: Path, size: tuple[int, int], limits: MediaParams) -> None:
    if size[0] * size[1] > limits.max_photo_pixels:
        raise MediaTooLargeError(_too_many_pixels(path, f"{size[0]}×{size[1]}", limits))
    require_sides_within(path.name, *size, limits)


def _too_many_pixels(path: Path, size: str, limits: MediaParams) -> str:
    return (
        f"{path.name} has {size} pixels; a photo may have at most {limits.max_photo_pixels:,} "
        "(`media.max_photo_pixels` in params.yaml). Send a smaller one."
    )
