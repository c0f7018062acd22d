"""What is drawn on: the RGB pixels of a photo, or the planes that a video stores.

A video's frames are drawn on as they are stored. That spares two conversions, each dearer than the
drawing itself, and leaves what is not drawn on bit for bit as it was decoded.

A canvas is one or two layers. Whoever draws does the same on each, in the layer's own resolution
and with the layer's own ink.
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
Picture = NDArray[np.uint8]

# Shares of red and blue in the light, by the matrix (ITU-T H.273, table 4).
_KR_KB = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
_USUAL_KR_KB = (0.299, 0.114)
# Limited range: where black is, and how far it is from there to white, or from grey to a colour.
_BLACK, _GREY, _LIGHT_RANGE, _COLOUR_RANGE = 16, 128, 219, 224


@dataclass(frozen=True, eq=False)
class Layer:
    """Some of a picture's channels.

    Attributes:
        pixels: ``(rows, columns, channels)`` uint8, drawn on in place.
        halvings: 0 in full size, 1 in half.
        ink: of a colour, in these channels.
        black: the ink of black.
        convert: an RGB picture of the full size to these channels and this resolution.
    """

    pixels: Picture
    halvings: int
    ink: Callable[[Rgb], Ink]
    black: int
    convert: Callable[[RgbArray], Picture]


Canvas = tuple[Layer, ...]


def rgb_canvas(rgb: RgbArray) -> Canvas:
    """A picture of RGB pixels, ``(height, width, 3)`` uint8."""
    return (Layer(rgb, 0, _same_ink, 0, _same_picture),)


def stored_canvas(planes: Nv12Planes, matrix: int | None) -> Canvas:
    """A picture as it is encoded.

    Args:
        planes: with even sides.
        matrix: by which colours are stored, a number of ITU-T H.273; None: unspecified.
    """
    light, colour = _stored_layers(matrix)
    return Layer(planes.luma[:, :, None], 0, *light), Layer(planes.chroma, 1, *colour)


_Kind = tuple[Callable[[Rgb], Ink], int, Callable[[RgbArray], Picture]]


@lru_cache(maxsize=8)
def _stored_layers(matrix: int | None) -> tuple[_Kind, _Kind]:
    """Ink, black and conversion of the light, and of the two channels of colour."""
    kr, kb = _KR_KB.get(matrix or 0, _USUAL_KR_KB)
    red, green, blue = np.eye(3)
    light = kr * red + (1 - kr - kb) * green + kb * blue
    differences = (blue - light) / (2 * (1 - kb)), (red - light) / (2 * (1 - kr))
    return (
        _kind(light[:, None] * _LIGHT_RANGE / 255, _BLACK, halved=False),
        _kind(np.stack(differences, axis=1) * _COLOUR_RANGE / 255, _GREY, halved=True),
    )


def _kind(weights: NDArray[np.float64], offset: int, halved: bool) -> _Kind:
    def convert(rgb: RgbArray) -> Picture:
        values = rgb.astype(np.float64) @ weights + offset
        return np.rint(shrunk(values) if halved else values).clip(0, 255).astype(np.uint8)

    @lru_cache(maxsize=64)
    def ink(colour: Rgb) -> Ink:
        return tuple(int(value) for value in np.rint(np.array(colour) @ weights + offset))

    return ink, offset, convert


def shrunk(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(rows, columns, …)`` in half the size; odd sides are made even by repeating the last."""
    rows, columns = picture.shape[:2]
    border = (0, rows % 2), (0, columns % 2), *[(0, 0)] * (picture.ndim - 2)
    even = np.pad(picture, border, mode="edge")
    return np.asarray(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def _same_ink(colour: Rgb) -> Ink:
    return colour


def _same_picture(rgb: RgbArray) -> Picture:
    return rgb
