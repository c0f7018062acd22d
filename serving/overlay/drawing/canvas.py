"""Canvases to draw on: the RGB pixels of a photo, or the planes of a video frame.

Video frames are drawn on in their stored format. This saves two conversions, each of which costs
more than the drawing itself, and keeps everything else bit for bit as it was decoded.

A canvas has one or two layers. Code that draws does the same on each layer, in its resolution and
with its ink.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.overlay.drawing.palette import Rgb
from shared_features.media.frames import RgbArray
from shared_features.media.planes import Nv12Planes

Ink = tuple[int, ...]
Pixels = NDArray[np.uint8]

# Shares of red and blue in luma, by matrix coefficients (ITU-T H.273, table 4).
_KR_KB = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
_USUAL_KR_KB = (0.299, 0.114)
# Limited range: black, neutral chroma, and the spans of luma and chroma.
_BLACK, _NEUTRAL, _LUMA_RANGE, _CHROMA_RANGE = 16, 128, 219, 224


@dataclass(frozen=True, eq=False)
class Layer:
    """Some of the channels of a frame.

    Attributes:
        pixels: ``(rows, columns, channels)`` uint8, drawn on in place.
        halvings: 0 for a layer in full size, 1 for half the size.
        ink: Function from an RGB colour to values of these channels.
        black: Value of black in these channels.
        convert: Function from an RGB image in full size to these channels and this resolution.
    """

    pixels: Pixels
    halvings: int
    ink: Callable[[Rgb], Ink]
    black: int
    convert: Callable[[RgbArray], Pixels]


Canvas = tuple[Layer, ...]


def rgb_canvas(rgb: RgbArray) -> Canvas:
    """The canvas of an RGB image, ``(height, width, 3)`` uint8."""
    return (Layer(rgb, 0, _same_ink, 0, _same_pixels),)


def stored_canvas(planes: Nv12Planes, matrix: int | None) -> Canvas:
    """The canvas of a video frame in its stored format.

    Args:
        planes: Planes of a frame with even sides.
        matrix: Matrix coefficients as numbered in ITU-T H.273; None if unspecified.
    """
    luma, chroma = _stored_layers(matrix)
    return Layer(planes.luma[:, :, None], 0, *luma), Layer(planes.chroma, 1, *chroma)


_Kind = tuple[Callable[[Rgb], Ink], int, Callable[[RgbArray], Pixels]]


@lru_cache(maxsize=8)
def _stored_layers(matrix: int | None) -> tuple[_Kind, _Kind]:
    """Ink, black and conversion for luma, and for the two channels of chroma."""
    kr, kb = _KR_KB.get(matrix or 0, _USUAL_KR_KB)
    red, green, blue = np.eye(3)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    differences = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    return (
        _kind(luma[:, None] * _LUMA_RANGE / 255, _BLACK, halved=False),
        _kind(np.stack(differences, axis=1) * _CHROMA_RANGE / 255, _NEUTRAL, halved=True),
    )


def _kind(weights: NDArray[np.float64], offset: int, halved: bool) -> _Kind:
    def convert(rgb: RgbArray) -> Pixels:
        values = rgb.astype(np.float64) @ weights + offset
        return np.rint(shrunk(values) if halved else values).clip(0, 255).astype(np.uint8)

    @lru_cache(maxsize=64)
    def ink(colour: Rgb) -> Ink:
        return tuple(int(value) for value in np.rint(np.array(colour) @ weights + offset))

    return ink, offset, convert


def shrunk(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(rows, columns, …)`` at half the size; odd sides repeat their last row or column."""
    rows, columns = image.shape[:2]
    border = (0, rows % 2), (0, columns % 2), *[(0, 0)] * (image.ndim - 2)
    even = np.pad(image, border, mode="edge")
    return np.asarray(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def _same_ink(colour: Rgb) -> Ink:
    return colour


def _same_pixels(rgb: RgbArray) -> Pixels:
    return rgb
