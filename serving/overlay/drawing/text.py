"""Text on frames: rendered once by Pillow, then stamped as a mask.

Numbers are assembled from cached digits that all have the width of the widest, so a running clock
neither jitters nor needs rendering.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from serving.errors import ServingError
from serving.overlay.drawing.canvas import Canvas, shrunk
from serving.overlay.drawing.palette import Rgb

Mask = NDArray[np.uint8]

_DIGITS = "0123456789"
# Bold strokes are wider than the font's own by this share of the size.
_BOLD_SHARE = 1 / 44
_CACHED = 512
# Blur of the shadow as a share of the size; without the gain, thin strokes would fade away.
_SHADOW_SHARE, _SHADOW_GAIN = 0.07, 2
_ELLIPSIS = "…"


@dataclass(frozen=True, repr=False)
class Stencil:
    """A mask in both resolutions of a canvas.

    Attributes:
        full: ``(rows, columns)`` 0..255.
        half: ``(ceil(rows / 2), ceil(columns / 2))``.
    """

    full: Mask
    half: Mask

    @classmethod
    def of(cls, mask: Mask) -> Self:
        """The stencil of a mask in full size."""
        return cls(mask, shrunk(mask.astype(np.float64)).round().astype(np.uint8))


@dataclass(frozen=True, repr=False)
class Word:
    """A rendered text.

    Attributes:
        mask: Mask of the text.
        shadow: Mask of its shadow, blurred and larger on every side.
        edge: Width by which the shadow is larger on each side, in pixels.
        ascent: Distance from the top of the mask to the baseline, in pixels.
    """

    mask: Stencil
    shadow: Stencil
    edge: int
    ascent: int

    @property
    def width(self) -> int:
        """Width in pixels, without the shadow."""
        return int(self.mask.full.shape[1])


class Typeface:
    """A font in every size, with a cache of rendered words.

    Args:
        path: Path of a TrueType or OpenType file; None for the font that comes with Pillow.

    Raises:
        ServingError: The file is not a font.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.font = lru_cache(maxsize=64)(self._font)
        self.mask = lru_cache(maxsize=_CACHED)(self._mask)
        self.word = lru_cache(maxsize=_CACHED)(self._word)
        self.font(16)

    def width(self, text: str, size: int, bold: bool = False) -> int:
        """Width of a text in pixels."""
        return math.ceil(self.font(size).getlength(text) + 2 * self._stroke(size, bold))

    def fitting(self, text: str, size: int, room: int, bold: bool = False) -> tuple[str, int]:
        """A text that fits a width, and its size: at least three fifths, then truncated."""
        least = max(6, round(size * 0.6))
        while size > least and self.width(text, size, bold) > room:
            size -= 1
        if self.width(text, size, bold) <= room:
            return text, size
        while text and self.width(text + _ELLIPSIS, size, bold) > room:
            text = text[:-1].rstrip()
        return text + _ELLIPSIS, size

    def _word(self, text: str, size: int, bold: bool = False, digits: bool = False) -> Word:
        """A text with its shadow; with ``digits``, all digits are equally wide."""
        mask = self.number(text, size, bold) if digits else self.mask(text, size, bold)
        edge = max(2, round(size * _SHADOW_SHARE * 2.5))
        sigma = max(1.0, size * _SHADOW_SHARE)
        blurred = cv2.GaussianBlur(np.pad(mask, edge), (0, 0), sigma)
        shadow = np.minimum(blurred.astype(np.uint16) * _SHADOW_GAIN, 255).astype(np.uint8)
        ascent, _ = self.font(size).getmetrics()
        return Word(Stencil.of(mask), Stencil.of(shadow), edge, ascent)

    def number(self, text: str, size: int, bold: bool = False) -> Mask:
        """``(rows, columns)`` mask of a number; all digits are equally wide."""
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
        """``(rows, columns)`` mask 0..255 of a text; the rows depend on the size only."""
        font, stroke = self.font(size), self._stroke(size, bold)
        ascent, descent = font.getmetrics()
        image = Image.new("L", (max(1, self.width(text, size, bold)), ascent + descent))
        ImageDraw.Draw(image).text(
            (stroke, 0), text, fill=255, font=font, stroke_width=stroke, stroke_fill=255
        )
        return np.asarray(image)

    @staticmethod
    def _stroke(size: int, bold: bool) -> float:
        return size * _BOLD_SHARE if bold else 0


def stamp(
    canvas: Canvas, stencil: Stencil, x: int, y: int, colour: Rgb, alpha: float = 1.0
) -> None:
    """Colour a canvas through a stencil, in place; parts outside the canvas are ignored.

    Args:
        canvas: Canvas to draw on.
        stencil: Stencil to colour through.
        x: Column of the stencil's left edge, in full size.
        y: Row of the stencil's top edge, in full size.
        colour: Colour to apply.
        alpha: Opacity, 0..1.
    """
    for layer in canvas:
        mask = stencil.half if layer.halvings else stencil.full
        # At half size a stencil starts at a whole pixel, so chroma is off by half a pixel at most.
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
    # 0 to exactly 65536: a fully covered pixel gets exactly the colour.
    weight = ((part.astype(np.int32) + (part >> 7)) * round(alpha * 256))[:, :, None]
    region = pixels[top:bottom, left:right]
    region += (((np.array(ink, dtype=np.int32) - region) * weight) >> 16).astype(np.uint8)
