"""Text on pictures: rendered once by Pillow, laid over frames as a mask.

Digits are laid side by side from a stock of their own and all have the width of the widest, so that
a running clock neither jitters nor costs anything.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from serving.errors import ServingError
from serving.overlay.drawing.canvas import Canvas, shrunk
from serving.overlay.drawing.palette import Rgb

Mask = NDArray[np.uint8]

_DIGITS = "0123456789"
# Heavier than the font's own strokes, by this share of its size.
_BOLD_SHARE = 1 / 44
_CACHED = 512
# The shadow's blur as a share of the size; thin strokes would fade away without the gain.
_SHADOW_SHARE, _SHADOW_GAIN = 0.07, 2
_ELLIPSIS = "…"


@dataclass(frozen=True, repr=False)
class Stencil:
    """A mask in the resolutions of a canvas's layers.

    Attributes:
        full: ``(rows, columns)`` 0..255.
        half: ``(ceil(rows / 2), ceil(columns / 2))``.
    """

    full: Mask
    half: Mask

    @classmethod
    def of(cls, mask: Mask) -> "Stencil":
        """Both resolutions of a mask."""
        return cls(mask, shrunk(mask.astype(np.float64)).round().astype(np.uint8))


@dataclass(frozen=True, repr=False)
class Word:
    """A text ready to be laid over pictures.

    Attributes:
        mask: where it is.
        shadow: the same, blurred and larger on every side.
        edge: by how many pixels the shadow is larger.
        ascent: how far below its upper edge the text's baseline is, in pixels.
    """

    mask: Stencil
    shadow: Stencil
    edge: int
    ascent: int

    @property
    def width(self) -> int:
        """In pixels, without the shadow."""
        return int(self.mask.full.shape[1])


class Typeface:
    """A font in every size, and the pictures of words in it.

    Args:
        path: a TrueType or OpenType file; None: the one that comes with Pillow.

    Raises:
        ServingError: the file is not a font.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.font = lru_cache(maxsize=64)(self._font)
        self.mask = lru_cache(maxsize=_CACHED)(self._mask)
        self.word = lru_cache(maxsize=_CACHED)(self._word)
        self.font(16)

    def width(self, text: str, size: int, bold: bool = False) -> int:
        """How wide a text is, in pixels."""
        return math.ceil(self.font(size).getlength(text) + 2 * self._stroke(size, bold))

    def fitting(self, text: str, size: int, room: int, bold: bool = False) -> tuple[str, int]:
        """A text and its size such that it fits: smaller down to three fifths, then cut short."""
        least = max(6, round(size * 0.6))
        while size > least and self.width(text, size, bold) > room:
            size -= 1
        if self.width(text, size, bold) <= room:
            return text, size
        while text and self.width(text + _ELLIPSIS, size, bold) > room:
            text = text[:-1].rstrip()
        return text + _ELLIPSIS, size

    def _word(self, text: str, size: int, bold: bool = False, digits: bool = False) -> Word:
        """A text with its shadow; with ``digits``, all of those are equally wide."""
        mask = self.number(text, size, bold) if digits else self.mask(text, size, bold)
        edge = max(2, round(size * _SHADOW_SHARE * 2.5))
        sigma = max(1.0, size * _SHADOW_SHARE)
        blurred = cv2.GaussianBlur(np.pad(mask, edge), (0, 0), sigma)
        shadow = np.minimum(blurred.astype(np.uint16) * _SHADOW_GAIN, 255).astype(np.uint8)
        ascent, _ = self.font(size).getmetrics()
        return Word(Stencil.of(mask), Stencil.of(shadow), edge, ascent)

    def number(self, text: str, size: int, bold: bool = False) -> Mask:
        """``(rows, columns)`` picture of a number: all digits are equally wide."""
        digits = [self.mask(digit, size, bold) for digit in _DIGITS]
        widest = max(mask.shape[1] for mask in digits)
        parts = []
        for character in text:
            mask = self.mask(character, size, bold)
            spare = widest - mask.shape[1] if character in _DIGITS else 0
            parts.append(np.pad(mask, ((0, 0), (spare // 2, spare - spare // 2))))
        return np.concatenate(parts, axis=1)

    def _font(self, size: int) -> ImageFont.FreeTypeFont:
        if self._path is None:
            font = ImageFont.load_default(size)
            assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 - a size was given
            return font
        try:
            return ImageFont.truetype(str(self._path), size)
        except OSError as error:
            raise ServingError(
                f"{self._path} cannot be used as a font ({error}). Set `serving.overlay.font` in "
                "params.yaml to a TrueType or OpenType file, or to null."
            ) from error

    def _mask(self, text: str, size: int, bold: bool = False) -> Mask:
        """``(rows, columns)`` 0..255 of a text; all texts of a size have the same rows."""
        font, stroke = self.font(size), self._stroke(size, bold)
        ascent, descent = font.getmetrics()
        picture = Image.new("L", (max(1, self.width(text, size, bold)), ascent + descent))
        ImageDraw.Draw(picture).text(
            (stroke, 0), text, fill=255, font=font, stroke_width=stroke, stroke_fill=255
        )
        return np.asarray(picture)

    @staticmethod
    def _stroke(size: int, bold: bool) -> float:
        return size * _BOLD_SHARE if bold else 0


def stamp(
    canvas: Canvas, stencil: Stencil, x: int, y: int, colour: Rgb, alpha: float = 1.0
) -> None:
    """Colour a picture where a stencil says so, in place; what lies outside is left out.

    Args:
        canvas: to lay it on.
        stencil: where.
        x: column of the stencil's left edge, in full size.
        y: row of its upper edge.
        colour: to lay on.
        alpha: how much of it, 0..1.
    """
    for layer in canvas:
        mask = stencil.half if layer.halvings else stencil.full
        # In half size a stencil begins at the nearest whole pixel: half a pixel of colour.
        _stamp(
            layer.pixels, mask, x >> layer.halvings, y >> layer.halvings, layer.ink(colour), alpha
        )


def _stamp(
    pixels: NDArray[np.uint8], mask: Mask, x: int, y: int, ink: tuple[int, ...], alpha: float
) -> None:
    height, width = pixels.shape[:2]
    left, top = max(0, x), max(0, y)
    right, bottom = min(width, x + mask.shape[1]), min(height, y + mask.shape[0])
    if right <= left or bottom <= top:
        return
    part = mask[top - y : bottom - y, left - x : right - x]
    # From 0 to exactly 65536, so that what the mask covers wholly has exactly the colour.
    weight = ((part.astype(np.int32) + (part >> 7)) * round(alpha * 256))[:, :, None]
    region = pixels[top:bottom, left:right]
    region += (((np.array(ink, dtype=np.int32) - region) * weight) >> 16).astype(np.uint8)
