"""The strip below two recordings in step: times, lateness, and how much the poses differ."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.overlay.drawing.canvas import rgb_canvas
from serving.overlay.drawing.palette import WHITE, Rgb
from serving.overlay.drawing.text import Typeface, stamp
from serving.settings import OverlayParams

STRIP_SHARE = 0.2
"""Height of the strip as a share of the height of the panes."""

_PAPER: Rgb = (24, 20, 34)
_SOFT: Rgb = (190, 182, 208)
_EARLY: Rgb = (108, 214, 168)
_LATE: Rgb = (255, 180, 84)
_LINE: Rgb = (70, 62, 90)
# For this long after a split, its own figures are shown.
_SPLIT_SHOWN_S = 1.6
# Within this, the two are in step.
_IN_STEP_S = 0.1


class Strip:
    """Draws the strip.

    Args:
        width: Width of the strip in pixels.
        height: Height of the strip in pixels.
        content: What was found (``results.comparison_content``).
        params: Font of the text.
    """

    def __init__(
        self, width: int, height: int, content: dict[str, Any], params: OverlayParams
    ) -> None:
        self._width, self._height = width, height
        self._typeface = Typeface(params.font)
        self._margin = round(height * 0.16)
        self._large = max(10, round(height * 0.27))
        self._small = max(8, round(height * 0.17))
        curve = content["curve"]
        self._times_s = np.array(curve["reference_s"])
        self._there_s, self._late_s, self._difference = (
            np.array([np.nan if value is None else value for value in curve[name]])
            for name in ("target_s", "late_s", "pose_difference_deg")
        )
        self._duration_s = max(content["reference_duration_s"], 1e-9)
        self._splits = content["splits"]
        self._names = content["reference"], content["target"]

    def draw(self, strip: NDArray[np.uint8], time_s: float) -> None:
        """Draw the strip at a time of the reference, ``(height, width, 3)``, in place."""
        strip[:] = _PAPER
        there_s = self._value(self._there_s, time_s)
        self._side(strip, self._names[0], f"{time_s:.2f} s", left=True)
        right = "–" if np.isnan(there_s) else f"{there_s:.2f} s"
        self._side(strip, self._names[1], right, left=False)
        split = self._split(time_s)
        title = "" if split is None else f"split {split['number']}  "
        if split is not None and not split["found"]:
            self._middle(strip, f"{title}not found", _SOFT)
        else:
            late = split["late_s"] if split else self._value(self._late_s, time_s)
            self._middle(strip, title + lateness(late), self._colour(late))
        difference = self._value(self._difference, time_s)
        if not np.isnan(difference):
            text = f"poses differ by {difference:.0f}°"
            self._centred(strip, text, self._small, _SOFT, round(self._height * 0.44), False)
        self._draw_bar(strip, time_s)

    def _value(self, values: NDArray[np.float64], time_s: float) -> float:
        return float(values[np.abs(self._times_s - time_s).argmin()])

    def _split(self, time_s: float) -> dict[str, Any] | None:
        for split in reversed(self._splits):
            if 0 <= time_s - split["reference_s"] < _SPLIT_SHOWN_S:
                found: dict[str, Any] = split
                return found
        return None

    def _colour(self, late: float) -> Rgb:
        if np.isnan(late) or abs(late) < _IN_STEP_S:
            return WHITE
        return _LATE if late > 0 else _EARLY

    def _middle(self, strip: NDArray[np.uint8], text: str, colour: Rgb) -> None:
        self._centred(strip, text, self._large, colour, round(self._height * 0.09), True)

    def _centred(
        self, strip: NDArray[np.uint8], text: str, size: int, colour: Rgb, y: int, bold: bool
    ) -> None:
        text, size = self._typeface.fitting(text, size, round(self._width * 0.42), bold)
        word = self._typeface.word(text, size, bold=bold)
        stamp(rgb_canvas(strip), word.mask, (self._width - word.width) // 2, y, colour)

    def _side(self, strip: NDArray[np.uint8], name: str, time: str, left: bool) -> None:
        room = round(self._width * 0.27)
        for text, share, colour in ((time, 0.09, WHITE), (name, 0.44, _SOFT)):
            shown, size = self._typeface.fitting(text, self._small, room)
            word = self._typeface.word(shown, size)
            x = self._margin if left else self._width - self._margin - word.width
            stamp(rgb_canvas(strip), word.mask, x, round(self._height * share), colour)

    def _draw_bar(self, strip: NDArray[np.uint8], time_s: float) -> None:
        y, thick = round(self._height * 0.84), max(2, self._height // 24)
        length = self._width - 2 * self._margin

        def column(at_s: float) -> int:
            share = min(1.0, max(0.0, at_s / self._duration_s))
            return self._margin + int(share * length)

        cv2.line(strip, (self._margin, y), (self._width - self._margin, y), _LINE, thick)
        cv2.line(strip, (self._margin, y), (column(time_s), y), WHITE, thick)
        for split in self._splits:
            x = column(split["reference_s"])
            colour = self._colour(split["late_s"]) if split["found"] else _SOFT
            cv2.line(strip, (x, y - 3 * thick), (x, y + 3 * thick), colour, thick)


def lateness(late_s: float) -> str:
    """How late the target is, in words.

    >>> lateness(0.42), lateness(-1.0), lateness(0.02)
    ('0.4 s late', '1.0 s early', 'in step')
    """
    if np.isnan(late_s):
        return ""
    if abs(late_s) < _IN_STEP_S:
        return "in step"
    return f"{abs(late_s):.1f} s {'late' if late_s > 0 else 'early'}"
