"""Layout of everything drawn on a frame of the overlay video.

A lower third has the pose on the left and the clock on the right, with the ribbon below. A shade
behind them keeps them readable on any background. All sizes scale with the frame.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.overlay.drawing.canvas import Canvas, Layer, Pixels
from serving.overlay.drawing.palette import INK, WHITE, Palette, Rgb, shown_label
from serving.overlay.drawing.skeleton import SkeletonPen
from serving.overlay.drawing.text import Typeface, Word, stamp
from serving.overlay.ribbon import Ribbon
from serving.overlay.routine import Routine
from serving.settings import OverlayParams
from shared_features.classify.timeline import Segment

# As shares of the unit (see ``unit_px``).
_MARGIN, _RIBBON, _NAME, _SMALL, _CLOCK, _LINE = 0.05, 0.022, 0.075, 0.036, 0.115, 0.0085
# Opacity of the shade behind the text, and how far above the text it begins.
_SHADE_ALPHA, _FADE = 0.6, 0.06
_SHADOW_ALPHA = 0.7
_SOFT: Rgb = (214, 208, 228)
_BAR = 0.012


def unit_px(width: int, height: int) -> float:
    """The length that all sizes are shares of, between the shorter side and the diagonal.

    The shorter side alone would make everything tiny in a wide, low frame.
    """
    return float(0.75 * min(width, height) + 0.15 * max(width, height))


class Lettering:
    """Pose and clock in the lower third of a frame.

    Args:
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        params: Sizes and font.
        ribbon: Whether to leave room for a ribbon below.
    """

    def __init__(self, width: int, height: int, params: OverlayParams, ribbon: bool) -> None:
        unit = unit_px(width, height)
        text = unit * params.text_scale
        self.typeface = Typeface(params.font)
        self.margin = round(unit * _MARGIN)
        self.ribbon_px = max(4, round(text * _RIBBON))
        self.ribbon_y = height - self.margin - self.ribbon_px
        self._width = width
        self._name_px, self._small_px, self._clock_px = (
            max(8, round(text * share)) for share in (_NAME, _SMALL, _CLOCK)
        )
        self._bar_px = max(2, round(text * _BAR))
        self._baseline = height - self.margin
        if ribbon:
            self._baseline = self.ribbon_y - round(self.margin * 0.7)
        top = self._baseline - self._clock_px - unit * _FADE
        self._shade = _Shade(height, top, self._baseline)

    def shade(self, canvas: Canvas) -> None:
        """Darken the background of the text."""
        for layer in canvas:
            self._shade.draw(layer)

    def clock(self, canvas: Canvas, held_s: float) -> int:
        """Draw the seconds of a hold on the right; returns their width in pixels."""
        number = self.typeface.word(clock_text(held_s), self._clock_px, bold=True, digits=True)
        unit = self.typeface.word("s", self._name_px, bold=True)
        gap = round(self._small_px * 0.2)
        width = number.width + gap + unit.width
        x = self._width - self.margin - width
        self._on_baseline(canvas, number, x, WHITE)
        self._on_baseline(canvas, unit, x + number.width + gap, _SOFT)
        return width

    def pose(
        self, canvas: Canvas, label: str, colour: Rgb | None, detail: str | None, taken_px: int
    ) -> None:
        """Draw a label on the left, with a bar in its colour and a line of detail below.

        Args:
            canvas: Canvas to draw on, in place.
            label: Label to draw; empty to leave it out.
            colour: Colour of the pose; None for a label that is no pose, which is drawn smaller.
            detail: Line below the label; None for none.
            taken_px: Width that is taken on the right.
        """
        x, above = self.margin, 0
        if colour is not None:
            x += self._bar_px * 3
        if detail is not None:
            room = self._width - x - self.margin - taken_px
            text, size = self.typeface.fitting(detail, self._small_px, room)
            self._on_baseline(canvas, self.typeface.word(text, size), x, _SOFT)
            above = round(self._small_px * 1.35)
        if label:
            size = self._name_px if colour is not None else round(self._name_px * 0.62)
            room = self._width - x - self.margin - taken_px
            text, size = self.typeface.fitting(label, size, room, colour is not None)
            word = self.typeface.word(text, size, bold=colour is not None)
            ink = WHITE if colour is not None else _SOFT
            self._on_baseline(canvas, word, x, ink, above)
            above += round(size * 0.8)
        if colour is not None and above:
            for layer in canvas:
                by, right = layer.halvings, self.margin + self._bar_px
                rows = slice((self._baseline - above) >> by, (self._baseline + 1) >> by)
                columns = slice(self.margin >> by, max(1 + (self.margin >> by), right >> by))
                layer.pixels[rows, columns] = layer.ink(colour)

    def _on_baseline(self, canvas: Canvas, word: Word, x: int, colour: Rgb, above: int = 0) -> None:
        y = self._baseline - above - word.ascent
        stamp(canvas, word.shadow, x - word.edge, y - word.edge, INK, _SHADOW_ALPHA)
        stamp(canvas, word.mask, x, y, colour)


class Painter:
    """Draws on the frames of one routine, in ascending order.

    Args:
        routine: Routine to draw.
        points: ``(n, 33, 3)`` landmarks, smoothed for drawing.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        params: Which parts are drawn, and how.
    """

    def __init__(
        self,
        routine: Routine,
        points: NDArray[np.float32],
        width: int,
        height: int,
        params: OverlayParams,
    ) -> None:
        self._routine, self._points, self._parts = routine, points, params.parts
        self._palette = Palette(params, routine.labels, routine.other)
        line_px = unit_px(width, height) * _LINE * params.line_scale
        self._pen = SkeletonPen(width, height, line_px, params.skeleton == "sides")
        self._ribbon = None
        self._lettering = Lettering(width, height, params, "ribbon" in params.parts)
        if "ribbon" in params.parts:
            at, y, size = (
                _even(length)
                for length in (
                    self._lettering.margin,
                    self._lettering.ribbon_y,
                    self._lettering.ribbon_px,
                )
            )
            bar_px = _even(width - 2 * at)
            # Frames of a few pixels, or far longer than wide, have no room for it.
            if y >= 0 and y + size <= height and bar_px > size:
                self._ribbon = Ribbon(routine, self._palette, at, y, bar_px, size)
        self._scores = {hold.first_frame: score for hold, score in routine.scored_holds if score}
        self._segments = iter(routine.segments)
        self._segment = next(self._segments, None)

    def paint(self, canvas: Canvas, index: int) -> None:
        """Draw on a frame in place.

        Args:
            canvas: Canvas of the frame; of the same kind in every call.
            index: Index of the frame, larger than in the call before.
        """
        segment = self._at(index)
        is_pose = self._palette.is_pose(segment.label)
        colour = self._palette.of(segment.label) if is_pose else None
        if self._parts - {"skeleton"}:
            self._lettering.shade(canvas)
        if "skeleton" in self._parts:
            self._pen.draw(canvas, self._points[index], colour or WHITE)
        pts_s = float(self._routine.pts_s[index])
        taken_px = 0
        if "clock" in self._parts and segment.hold:
            taken_px = self._lettering.clock(canvas, pts_s - segment.start_s)
        label = shown_label(segment.label, self._routine.other) if "pose" in self._parts else ""
        detail = self._detail(segment, index) if is_pose else None
        self._lettering.pose(canvas, label, colour, detail, taken_px)
        if self._ribbon is not None:
            self._ribbon.draw(canvas, pts_s)

    def _detail(self, segment: Segment, index: int) -> str | None:
        """The line below the pose: how sure it is, and the score of the whole hold."""
        words = []
        confidence = float(self._routine.confidence[index])
        if "confidence" in self._parts and not np.isnan(confidence):
            words.append(f"{confidence:.0%} sure")
        if "score" in self._parts and segment.first_frame in self._scores:
            words.append(self._scores[segment.first_frame].text)
        return " · ".join(words) or None

    def _at(self, index: int) -> Segment:
        while self._segment is not None and self._segment.last_frame < index:
            self._segment = next(self._segments, None)
        assert self._segment is not None  # noqa: S101 - segments have no gaps
        return self._segment


class _Shade:
    """Darkens the lower part of a frame, gradually down to the baseline of the text."""

    def __init__(self, height: int, top: float, bottom: float) -> None:
        self._top = _even(min(height - 1, max(0, round(top))))
        rows = np.arange(self._top, height)
        share = np.clip((rows - top) / max(1.0, bottom - top), 0, 1)
        smooth = share * share * (3 - 2 * share)
        self._kept = 255 * (1 - _SHADE_ALPHA * smooth)
        self._cache: dict[tuple[tuple[int, ...], int], tuple[Pixels, Pixels]] = {}

    def draw(self, layer: Layer) -> None:
        region = layer.pixels[self._top >> layer.halvings :]
        key = region.shape, layer.black
        if key not in self._cache:
            self._cache[key] = self._factors(region.shape, layer)
        kept, added = self._cache[key]
        cv2.multiply(region, kept, region, 1 / 255)
        if layer.black:
            cv2.add(region, added, region)

    def _factors(self, shape: tuple[int, ...], layer: Layer) -> tuple[Pixels, Pixels]:
        """How much of each pixel is kept, out of 255, and how much black is added."""
        kept = self._kept[:: 1 << layer.halvings][: shape[0]]
        rows = kept, layer.black * (1 - kept / 255)
        wide = (np.rint(row).astype(np.uint8)[:, None, None] for row in rows)
        kept_pixels, added = (np.ascontiguousarray(np.broadcast_to(row, shape)) for row in wide)
        return kept_pixels, added


def _even(length: int) -> int:
    return length // 2 * 2


def clock_text(seconds: float) -> str:
    """The clock of a hold, truncated to tenths like a stopwatch.

    >>> clock_text(4.28), clock_text(83.25)
    ('4.2', '1:23.2')
    """
    tenths = int(seconds * 10 + 1e-6)
    if tenths < 600:
        return f"{tenths // 10}.{tenths % 10}"
    return f"{tenths // 600}:{tenths % 600 // 10:02}.{tenths % 10}"
