"""Photos as upright frames. The only module that reads photos through Pillow.

The decoder never sees the metadata of a JPEG or a PNG, so damage there cannot fail a photo; the
orientation is read separately.
"""

import importlib.util
import io
import struct
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError, features

from shared_features.errors import MediaError, MediaTooLargeError
from shared_features.media.encoded.exif import orientation_of
from shared_features.media.encoded.jpeg import END, MAX_SCANS, Jpeg, is_jpeg, parse_jpeg
from shared_features.media.encoded.png import is_png, parse_png
from shared_features.media.files import require_content
from shared_features.media.frames import Frame, RgbArray
from shared_features.media.limits import require_sides_within
from shared_features.params import MediaParams

# What Pillow's decoders raise for damaged files.
DAMAGE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(RuntimeError, EOFError, struct.error),
)
_HEIF_PLUGIN = "pillow_heif"
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
# Largest part of a JPEG that may be missing at its end, as a share of its rows or in rows: two
# blocks of a small photo are a large share of it.
_MAX_MISSING, _MAX_MISSING_ROWS = 0.1, 32
# This much less of a JPEG, in bytes, decodes differently only from where its data ends.
_END_BYTES = 16
SEVERAL_FRAMES = "The photo has several frames; only the first was used."


class _Encoded(NamedTuple):
    """A photo before it is decoded.

    Attributes:
        content: What the decoder gets.
        orientation: EXIF orientation; None if only the decoder can tell.
        jpeg: The parts of a JPEG; None for any other format.
        is_animated: Whether there are further frames that ``content`` does not contain.
    """

    content: bytes
    orientation: int | None
    jpeg: Jpeg | None
    is_animated: bool


def read_photo(path: Path, limits: MediaParams) -> Frame:
    """Read a photo as one upright frame at time 0, with its EXIF orientation applied.

    JPEG (with the MPO files of many phones), PNG, WebP and GIF are read, AVIF and HEIC where Pillow
    can. The frame's ``notes`` say what was left out: the other frames of an animation, or an end
    that is missing.

    Raises:
        MediaTooLargeError: the photo has more than ``media.max_photo_pixels``, or a side longer
            than ``media.max_side_pixels``; checked before anything is decoded.
        MediaError: the file is missing, damaged, of another format, or takes too much work.
    """
    require_content(path)
    encoded = _taken_apart(path)
    notes = []
    try:
        with _opened(encoded.content) as photo:
            _check_size(path, photo.size, limits)
            if encoded.is_animated or getattr(photo, "is_animated", False):
                notes.append(SEVERAL_FRAMES)
            orientation = encoded.orientation
            if orientation is None:
                orientation = orientation_of(
                    _block(photo.info.get("exif")), _block(photo.info.get("xmp"))
                )
            rgb = _rgb(photo)
        if encoded.jpeg is not None and not encoded.jpeg.is_complete:
            notes.append(_cut_off(path, encoded.jpeg, rgb))
    except Image.DecompressionBombError as error:
        raise MediaTooLargeError(
            _too_many_pixels(path, "hundreds of millions of", limits)
        ) from error
    except UnidentifiedImageError as error:
        raise MediaError(_unknown_format(path, encoded.content)) from error
    except DAMAGE as error:
        raise _damaged(path, str(error)) from error
    return Frame.of_rgb(turned_upright(rgb, orientation), notes=tuple(notes))


def turned_upright(rgb: RgbArray, orientation: int) -> RgbArray:
    """An image turned and mirrored as its EXIF orientation asks for.

    Args:
        rgb: ``(height, width, 3)`` uint8.
        orientation: 1 to 8; 1 leaves the image as it is.
    """
    # Even orientations are mirrored; then counter-clockwise quarter turns (EXIF 2.3, tag 274).
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    mirrored = rgb[:, ::-1] if orientation in (2, 4, 5, 7) else rgb
    return np.ascontiguousarray(np.rot90(mirrored, k=turns))


def require_few_scans(jpeg: Jpeg) -> None:
    """Refuse a JPEG that is drawn over and over.

    Raises:
        MediaError: it has more than ``MAX_SCANS`` scans.
    """
    if jpeg.scans > MAX_SCANS:
        raise MediaError(
            f"The JPEG is drawn in more than {MAX_SCANS} passes (scans), which takes too long to "
            "decode. Save it again as an ordinary JPEG."
        )


def _taken_apart(path: Path) -> _Encoded:
    content = path.read_bytes()
    if is_jpeg(content):
        jpeg = parse_jpeg(content)
        try:
            require_few_scans(jpeg)
        except MediaError as error:
            raise MediaError(f"{path.name} cannot be used. {error}") from None
        end = b"" if jpeg.is_complete else END
        orientation = orientation_of(jpeg.exif, jpeg.xmp)
        return _Encoded(jpeg.content + end, orientation, jpeg, False)
    if is_png(content):
        png = parse_png(content)
        return _Encoded(png.content, orientation_of(png.exif, png.xmp), None, png.is_animated)
    return _Encoded(content, None, None, False)


@cache
def _formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read."""
    formats = ["JPEG", "PNG", "WEBP", "GIF"]
    if features.check("avif"):
        formats.append("AVIF")
    if importlib.util.find_spec(_HEIF_PLUGIN) is not None:
        importlib.import_module(_HEIF_PLUGIN).register_heif_opener()
        formats.append("HEIF")
    return tuple(formats)


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=_formats())


def _rgb(photo: Image.Image) -> RgbArray:
    if photo.mode.startswith("I;16"):
        # Pillow clips 16-bit grey to 255 instead of scaling it.
        photo = Image.fromarray((np.asarray(photo) >> 8).astype(np.uint8))
    return np.array(photo.convert("RGB"))


def _block(metadata: object) -> bytes:
    return metadata if isinstance(metadata, bytes) else b""


def _cut_off(path: Path, jpeg: Jpeg, rgb: RgbArray) -> str:
    """A note for the owner of a JPEG whose end is missing.

    The decoder fills what is missing with grey. Where its data ends shows by leaving out a little
    more of it.

    Raises:
        MediaError: too much is missing.
    """
    try:
        with _opened(jpeg.content[:-_END_BYTES] + END) as shorter:
            differing = np.flatnonzero((_rgb(shorter) != rgb).any(axis=(1, 2)))
    except DAMAGE:
        raise _damaged(path, "most of it is missing") from None
    height = len(rgb)
    missing = height - int(differing[0]) if len(differing) else 0
    if missing > max(_MAX_MISSING * height, _MAX_MISSING_ROWS):
        raise _damaged(path, f"{missing / height:.0%} of it is missing")
    return (
        f"The end of the photo's file is missing, up to {missing / height:.0%} of the image; the "
        "rest was used."
    )


def _damaged(path: Path, why: str) -> MediaError:
    return MediaError(f"{path.name} is a damaged photo ({why}). Send the original file again.")


def _unknown_format(path: Path, content: bytes) -> str:
    message = (
        f"{path.name} is not a photo this program reads; expected a JPEG, PNG, WebP or GIF file."
    )
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return (
            f"{message} It is a HEIC photo: convert it first, or set the phone to save JPEG "
            f"instead. (Where the Python package {_HEIF_PLUGIN.replace('_', '-')} is installed, "
            "HEIC is read as well.)"
        )
    return f"{message} Convert it first."


def _check_size(path: Path, size: tuple[int, int], limits: MediaParams) -> None:
    if size[0] * size[1] > limits.max_photo_pixels:
        raise MediaTooLargeError(_too_many_pixels(path, f"{size[0]}×{size[1]}", limits))
    require_sides_within(path.name, *size, limits)


def _too_many_pixels(path: Path, size: str, limits: MediaParams) -> str:
    return (
        f"{path.name} has {size} pixels; a photo may have at most {limits.max_photo_pixels:,} "
        "(`media.max_photo_pixels` in params.yaml). Send a smaller one."
    )
