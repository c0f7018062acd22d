"""Draws the ideal line of a pose beside the real one, dashed, in a colour no pose has."""

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.overlay.drawing.palette import INK, Rgb
from shared_features.features.points import point_array
from shared_features.media.frames import RgbArray
from shared_features.scoring.ideal_lines import ideal_lines
from shared_features.scoring.ideals import IDEALS

COLOUR: Rgb = (255, 255, 255)
# Length of a dash and of the gap after it, in line widths.
_DASH, _GAP = 4.0, 2.6
_SHIFT = 4


def draw_ideal(rgb: RgbArray, points: NDArray[np.float32], label: str, line_px: float) -> None:
    """Draw the ideal line of a pose on an image, in place; nothing if the pose has none.

    Args:
        rgb: ``(rows, columns, 3)`` uint8.
        points: ``(33, 3)`` landmarks as fractions of the image; NaN without a person.
        label: The pose.
        line_px: Thickness of the line in pixels.
    """
    ideal = IDEALS.get(label)
    if ideal is None or np.isnan(points).any():
        return
    rows, columns = rgb.shape[:2]
    lines = ideal_lines(point_array(points[None], None, columns / rows), ideal)
    dashes = [dash for line in lines for dash in _dashes(line * rows, line_px)]
    for colour, width in ((INK, line_px * 1.9), (COLOUR, line_px)):
        for dash in dashes:
            ends = np.rint(np.clip(dash, -rows, 3 * max(rows, columns)) * (1 << _SHIFT)).astype(int)
            start, end = ends.tolist()
            cv2.line(rgb, start, end, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def _dashes(line: NDArray[np.float64], line_px: float) -> list[NDArray[np.float64]]:
    """Dashes ``(2, 2)`` along a line of pixel positions; every part starts and ends with one."""
    dashes = []
    for start, end in itertools.pairwise(line):
        length = float(np.linalg.norm(end - start))
        dash, gap = _DASH * line_px, _GAP * line_px
        count = max(1, round((length + gap) / (dash + gap)))
        step = (length + gap) / count
        along = (end - start) / max(length, 1e-9)
        dashes += [
            np.stack([start + along * step * number, start + along * (step * number + step - gap)])
            for number in range(count)
        ]
    return dashes
