"""The ribbon: a routine as one bar in the colours of its poses."""

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.overlay.drawing.canvas import Canvas, Layer, shrunk
from serving.overlay.drawing.palette import INK, WHITE, Palette
from serving.overlay.routine import Routine
from shared_features.classify.timeline import NO_PERSON, NOT_IN_VIEW, UNCERTAIN
from shared_features.media.frames import RgbArray

# Colours times opacity, and the weight of the frame below; for the played part and the part ahead.
_Part = tuple[NDArray[np.int32], NDArray[np.int32]]
_Parts = tuple[_Part, _Part]

# Supersampling factor for smooth edges.
_FINER = 4
# Opacity of a segment: poses are opaque, the rest is visibly no pose.
_POSE, _OTHER, _UNCERTAIN, _NOT_IN_VIEW, _NO_PERSON = 1.0, 0.45, 0.28, 0.14, 0.0
# Brightness and opacity of the part that has not been played yet.
_AHEAD, _AHEAD_ALPHA = 0.62, 0.8


def ribbon_image(
    routine: Routine, palette: Palette, width: int, height: int
) -> tuple[RgbArray, NDArray[np.uint8]]:
    """The bar with round ends and its opacity.

    Args:
        routine: Routine with segments and duration.
        palette: Colours of the labels.
        width: Width of the bar in pixels.
        height: Height of the bar in pixels.

    Returns:
        ``(height, width, 3)`` colours and ``(height, width)`` opacity 0..255.
    """
    fine = width * _FINER
    colours = np.empty((fine, 3))
    colours[:] = INK
    duration_s = max(routine.duration_s, 1e-9)
    for segment in routine.segments:
        from_x = round(segment.start_s / duration_s * fine)
        to_x = max(from_x + 1, round(segment.end_s / duration_s * fine))
        share = _share(segment.label, palette)
        colours[from_x:to_x] = np.multiply(palette.of(segment.label), share) + np.multiply(
            INK, 1 - share
        )
    row = colours.reshape(width, _FINER, 3).mean(axis=1).round().astype(np.uint8)
    shape = np.zeros((height * _FINER, fine), dtype=np.uint8)
    radius = height * _FINER // 2
    cv2.rectangle(shape, (radius, 0), (fine - radius - 1, height * _FINER), 255, cv2.FILLED)
    for x in (radius, fine - radius - 1):
        cv2.circle(shape, (x, radius), radius, 255, cv2.FILLED)
    alpha = cv2.resize(shape, (width, height), interpolation=cv2.INTER_AREA)
    return np.repeat(row[None], height, axis=0), np.asarray(alpha, dtype=np.uint8)


class Ribbon:
    """The bar in a video: in full colour up to the playhead, weaker ahead of it.

    Args:
        routine: Routine to draw.
        palette: Colours of the labels.
        x: Column of the bar's left end in the frames; like all four lengths, an even number.
        y: Row of the bar's top edge.
        width: Width of the bar in pixels.
        height: Height of the bar in pixels.
    """

    def __init__(
        self, routine: Routine, palette: Palette, x: int, y: int, width: int, height: int
    ) -> None:
        self._x, self._y, self._width, self._height = x, y, width, height
        self._duration_s = max(routine.duration_s, 1e-9)
        colours, alpha = ribbon_image(routine, palette, width, height)
        self._colours, self._alpha = colours, alpha
        self._dark = (colours * _AHEAD + np.multiply(INK, 1 - _AHEAD)).astype(np.uint8)
        self._parts: list[_Parts] = []

    def draw(self, canvas: Canvas, pts_s: float) -> None:
        """Draw the bar with the playhead at a time; canvases are of the same kind in every call."""
        if not self._parts:
            self._parts = [self._premultiplied(layer) for layer in canvas]
        at = min(1.0, max(0.0, pts_s / self._duration_s))
        for layer, parts in zip(canvas, self._parts, strict=True):
            by = layer.halvings
            rows = slice(self._y >> by, (self._y + self._height) >> by)
            columns = slice(self._x >> by, (self._x + self._width) >> by)
            region = layer.pixels[rows, columns]
            split = round(at * region.shape[1])
            for part, (added, kept) in zip(
                (np.s_[:, :split], np.s_[:, split:]), parts, strict=True
            ):
                region[part] = (region[part] * kept[part] + added[part]) // 255
            self._draw_playhead(layer, self._x + at * self._width)

    def _premultiplied(self, layer: Layer) -> _Parts:
        """Both parts for a layer; drawing them costs one multiplication and one addition."""
        alpha = self._alpha
        if layer.halvings:
            alpha = shrunk(alpha.astype(np.float64)).round().astype(np.uint8)
        played = alpha.astype(np.int32)[:, :, None]
        ahead = (played * _AHEAD_ALPHA).astype(np.int32)
        return (
            (layer.convert(self._colours) * played, 255 - played),
            (layer.convert(self._dark) * ahead, 255 - ahead),
        )

    def _draw_playhead(self, layer: Layer, x: float) -> None:
        middle = (round(x * 16), round((self._y + self._height / 2) * 16))
        radius = self._height * 0.8
        for colour, size in ((INK, radius + max(1.0, self._height * 0.16)), (WHITE, radius)):
            shift = 4 + layer.halvings
            cv2.circle(
                *(layer.pixels, middle, round(size * 16), layer.ink(colour)),
                *(cv2.FILLED, cv2.LINE_AA, shift),
            )


def _share(label: str, palette: Palette) -> float:
    if palette.is_pose(label):
        return _POSE
    shares = {UNCERTAIN: _UNCERTAIN, NOT_IN_VIEW: _NOT_IN_VIEW, NO_PERSON: _NO_PERSON}
    return shares.get(label, _OTHER)
