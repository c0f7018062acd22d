"""Draws skeletons on frames."""

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.overlay.drawing.canvas import Canvas, Layer
from serving.overlay.drawing.palette import INK, LEFT, RIGHT, WHITE, Rgb
from shared_features.landmarks.landmarks import DERIVED_POINTS, LANDMARK_INDEX, LANDMARK_NAMES

# Limbs and torso without face and fingers: a performer wants to see the line of the body. NECK and
# HEAD are the midpoints of shoulders and ears.
_LIMBS = (
    *(
        (f"{side}_{start}", f"{side}_{end}")
        for side in ("LEFT", "RIGHT")
        for start, end in itertools.pairwise(("SHOULDER", "ELBOW", "WRIST", "INDEX"))
    ),
    *((f"{side}_SHOULDER", f"{side}_HIP") for side in ("LEFT", "RIGHT")),
    *(
        (f"{side}_{start}", f"{side}_{end}")
        for side in ("LEFT", "RIGHT")
        for start, end in itertools.pairwise(("HIP", "KNEE", "ANKLE", "FOOT_INDEX"))
    ),
    ("LEFT_SHOULDER", "RIGHT_SHOULDER"),
    ("LEFT_HIP", "RIGHT_HIP"),
    ("NECK", "HEAD"),
)
_JOINTS = tuple(
    f"{side}_{joint}"
    for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
    for side in ("LEFT", "RIGHT")
)
_POINTS = (*LANDMARK_NAMES, "NECK", "HEAD")
_INDEX = {name: index for index, name in enumerate(_POINTS)}
# Opacity of a line by the lower visibility of its two ends: hidden limbs are faint.
_LEVELS = ((0.3, 0.22), (0.6, 0.55), (np.inf, 1.0))
_HALO_ALPHA = 0.5
# Positions in sixteenths of a pixel.
_SHIFT = 4


class SkeletonPen:
    """Draws skeletons of one thickness.

    Args:
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        line_px: Thickness of the lines in pixels.
        by_side: Whether left and right have colours of their own, instead of the pose's.
    """

    def __init__(self, width: int, height: int, line_px: float, by_side: bool) -> None:
        self._size = np.array([width, height], dtype=np.float64)
        self._line = max(1, round(line_px))
        self._halo = self._line + max(2, round(line_px * 0.9))
        self._joint = max(1.5, line_px * 0.95)
        self._by_side = by_side

    def draw(self, canvas: Canvas, points: NDArray[np.float32], colour: Rgb) -> None:
        """Draw a skeleton on a frame in place; nothing without a person.

        Args:
            canvas: Canvas of the frame.
            points: ``(33, 3)`` x, y as fractions of the frame, visibility; NaN without a person.
            colour: Colour of the lines.
        """
        if np.isnan(points).any():
            return
        body = _with_middles(points.astype(np.float64))
        xy = np.clip(body[:, :2], -1, 2) * self._size
        limbs: dict[int, list[tuple[str, str]]] = {level: [] for level in range(len(_LEVELS))}
        for limb in _LIMBS:
            visibility = min(body[_INDEX[end], 2] for end in limb)
            limbs[_level(visibility)].append(limb)
        window = self._window(xy)
        if window is None:
            return
        seen = [name for name in _JOINTS if _level(body[_INDEX[name], 2]) == len(_LEVELS) - 1]
        for layer in canvas:
            self._draw_on(_Sheet(layer, window, xy), limbs, seen, colour)

    def _draw_on(
        self, sheet: "_Sheet", limbs: dict[int, list[tuple[str, str]]], seen: list[str], colour: Rgb
    ) -> None:
        for level, group in limbs.items():
            alpha = _LEVELS[level][1]
            if group:
                self._lines(sheet, group, None, self._halo, alpha * _HALO_ALPHA)
        for level, group in limbs.items():
            if group:
                self._lines(sheet, group, colour, self._line, _LEVELS[level][1])
        radius, white = round(self._joint * (1 << _SHIFT)), sheet.layer.ink(WHITE)
        for name in seen:
            cv2.circle(
                sheet.region, sheet.at[name], radius, white, cv2.FILLED, cv2.LINE_AA, sheet.shift
            )

    def _lines(
        self,
        sheet: "_Sheet",
        limbs: list[tuple[str, str]],
        colour: Rgb | None,
        thickness: int,
        alpha: float,
    ) -> None:
        """Draw lines of one opacity; crossings are no darker."""
        at, layer = sheet.at, sheet.layer
        thickness = max(1, (thickness + layer.halvings) >> layer.halvings)
        part = sheet.around(limbs, thickness)
        before = None if alpha == 1 else part.copy()
        for limb in limbs:
            ink = layer.ink(INK if colour is None else self._colour(limb, colour))
            ends = at[limb[0]], at[limb[1]]
            cv2.line(sheet.region, *ends, ink, thickness, cv2.LINE_AA, sheet.shift)
        if before is not None and before.size:
            cv2.addWeighted(part, alpha, before, 1 - alpha, 0, dst=part)

    def _colour(self, limb: tuple[str, str], colour: Rgb) -> Rgb:
        if self._by_side:
            for side, of_side in (("LEFT", LEFT), ("RIGHT", RIGHT)):
                if all(end.startswith(side) for end in limb):
                    return of_side
        return colour

    def _window(self, xy: NDArray[np.float64]) -> tuple[slice, slice] | None:
        """Rows and columns around the body; None when it is outside the frame."""
        border = self._halo + self._joint + 2
        lower = np.maximum(np.floor(xy.min(axis=0) - border), 0).astype(int)
        upper = np.minimum(np.ceil(xy.max(axis=0) + border), self._size).astype(int)
        if (upper <= lower).any():
            return None
        # Even bounds, so that layers of half the size have the same window.
        lower, upper = lower // 2 * 2, (upper + 1) // 2 * 2
        return slice(lower[1], upper[1]), slice(lower[0], upper[0])


class _Sheet:
    """The part of a layer around a body, with the positions of the body's points in it.

    OpenCV takes fixed-point positions: in a layer of half the size, the same integers have one more
    fractional bit.
    """

    def __init__(self, layer: Layer, window: tuple[slice, slice], xy: NDArray[np.float64]) -> None:
        rows, columns = window
        by = layer.halvings
        self.layer, self.shift = layer, _SHIFT + by
        self.region = layer.pixels[
            rows.start >> by : rows.stop >> by, columns.start >> by : columns.stop >> by
        ]
        fixed = np.rint((xy - (columns.start, rows.start)) * (1 << _SHIFT)).astype(int).tolist()
        self.at = dict(zip(_POINTS, fixed, strict=True))

    def around(self, limbs: list[tuple[str, str]], border: int) -> NDArray[np.uint8]:
        """The part of the region around some limbs."""
        positions = np.array([self.at[end] for limb in limbs for end in limb]) >> self.shift
        left, top = np.maximum(positions.min(axis=0) - border, 0)
        right, bottom = np.maximum(positions.max(axis=0) + border + 1, 0)
        return self.region[top:bottom, left:right]


def _with_middles(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(35, 3)``: the landmarks, the neck and the head."""
    middles = [
        points[[LANDMARK_INDEX[end] for end in DERIVED_POINTS[name]]].mean(axis=0)
        for name in ("NECK", "HEAD")
    ]
    return np.concatenate([points, middles])


def _level(visibility: float) -> int:
    return next(level for level, (below, _) in enumerate(_LEVELS) if visibility < below)
