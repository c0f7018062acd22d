"""The summary image: a routine on one upright page, to post or print."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from serving.overlay.drawing.crop import body_crop
from serving.overlay.drawing.palette import WHITE, Palette, Rgb, shown_label
from serving.overlay.drawing.text import Typeface
from serving.overlay.ribbon import ribbon_image
from serving.overlay.routine import Routine, ShownScore
from serving.settings import OverlayParams
from shared_features.classify.timeline import Segment, Total
from shared_features.media.frames import RgbArray

MAX_PHOTOS = 6
_WIDTH, _LEAST_HEIGHT, _TALLEST = 1080, 1350, 6000
_MARGIN, _GAP = 64, 20
_PAPER: Rgb = (19, 16, 25)
_CARD: Rgb = (32, 27, 44)
_SOFT: Rgb = (179, 171, 201)
_TITLE_PX, _BIG_PX, _TEXT_PX, _SMALL_PX = 64, 34, 28, 24
_RIBBON_PX = 44
_ROUND_PX = 18
# Videos shorter than this show tenths of seconds.
_SHORT_S = 10.0
# Supersampling factor for round corners.
_FINER = 4


@dataclass(frozen=True)
class Tile:
    """Size of the photos on the page in pixels, and the number of columns."""

    width: int
    height: int
    columns: int


@dataclass(frozen=True, repr=False)
class TilePhoto:
    """A hold, its score and its photo ``(tile.height, tile.width, 3)`` uint8."""

    hold: Segment
    score: ShownScore | None
    rgb: RgbArray


def tile_for(aspect: float, photos: int) -> Tile:
    """The size of the photos: upright for an upright video, smaller if there are many.

    Args:
        aspect: Width over height of the video.
        photos: Number of photos.
    """
    upright = aspect < 1
    few = 2 if upright else 4
    columns = 3 if photos > few else min(2, max(photos, int(upright) + 1))
    width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    shape = 4 / 3 if upright else 1 if columns == 3 else 3 / 4
    return Tile(width, round(width * shape), columns)


def best_holds(holds: Sequence[Segment]) -> list[int]:
    """Indices of the holds on the page, the longest first.

    The longest hold of every pose is chosen before the second longest of any.
    """
    by_length = sorted(range(len(holds)), key=lambda index: -holds[index].duration_s)
    count: dict[str, int] = {}
    ranked = []
    for index in by_length:
        hold = holds[index]
        count[hold.label] = count.get(hold.label, 0) + 1
        ranked.append((count[hold.label], -hold.duration_s, index))
    chosen = [index for _, _, index in sorted(ranked)[:MAX_PHOTOS]]
    return sorted(chosen, key=lambda index: -holds[index].duration_s)


def tile_photo(
    hold: Segment,
    score: ShownScore | None,
    rgb: RgbArray,
    points: NDArray[np.float32],
    tile: Tile,
) -> TilePhoto:
    """A photo for the page: the part of a frame that shows the performer."""
    return TilePhoto(hold, score, body_crop(rgb, points, tile.width, tile.height))


def summary_image(
    routine: Routine, photos: Sequence[TilePhoto], tile: Tile, params: OverlayParams
) -> RgbArray:
    """The page: title, ribbon with its legend, the best holds, totals.

    Args:
        routine: Routine to summarise.
        photos: Photos of the best holds, in the order in which they are shown.
        tile: Size of the photos.
        params: Colours and font.

    Returns:
        ``(height, 1080, 3)`` uint8, 4:5 or taller if there is more to show.
    """
    page = _Page(routine, params)
    page.title()
    page.ribbon()
    page.photos(photos, tile)
    page.totals()
    return page.finished()


class _Page:
    """Draws from top to bottom on a page that is trimmed at the end."""

    def __init__(self, routine: Routine, params: OverlayParams) -> None:
        self._routine = routine
        self._palette = Palette(params, routine.labels, routine.other)
        self._typeface = Typeface(params.font)
        self._page = Image.new("RGB", (_WIDTH, _TALLEST), _PAPER)
        self._draw = ImageDraw.Draw(self._page)
        self._y = _MARGIN

    def title(self) -> None:
        room = _WIDTH - 2 * _MARGIN
        name = self._routine.source.rpartition(".")[0] or self._routine.source
        text, size = self._typeface.fitting(name, _TITLE_PX, room, bold=True)
        self._text(_MARGIN, self._y, text, size, WHITE, bold=True)
        self._y += round(size * 1.3)
        holds = self._routine.holds
        facts = [self._clock(self._routine.duration_s)]
        if holds:
            facts += ["1 hold" if len(holds) == 1 else f"{len(holds)} holds"]
            facts += [f"{sum(hold.duration_s for hold in holds):.1f} s held"]
        self._text(_MARGIN, self._y, "  ·  ".join(facts), _BIG_PX, _SOFT)
        self._y += _BIG_PX + 40

    def ribbon(self) -> None:
        width = _WIDTH - 2 * _MARGIN
        colours, alpha = ribbon_image(self._routine, self._palette, width, _RIBBON_PX)
        self._page.paste(Image.fromarray(colours), (_MARGIN, self._y), Image.fromarray(alpha))
        self._y += _RIBBON_PX + 12
        for share in (0.0, 0.5, 1.0):
            text = self._clock(share * self._routine.duration_s)
            room = width - self._typeface.width(text, _SMALL_PX)
            self._text(_MARGIN + round(share * room), self._y, text, _SMALL_PX, _SOFT)
        self._y += _SMALL_PX + 26
        self._legend()

    def _legend(self) -> None:
        shown = {segment.label for segment in self._routine.segments}
        labels = [label for label in self._routine.labels if label in shown]
        x = _MARGIN
        for label in labels:
            name = shown_label(label, self._routine.other)
            text, size = self._typeface.fitting(name, _SMALL_PX, _WIDTH - 2 * _MARGIN - 40)
            width = 32 + self._typeface.width(text, size)
            if x > _MARGIN and x + width > _WIDTH - _MARGIN:
                x, self._y = _MARGIN, self._y + _SMALL_PX + 16
            self._dot(x, self._y + 5, 18, self._palette.of(label))
            self._text(x + 30, self._y, text, size, _SOFT)
            x += width + 30
        self._y += _SMALL_PX + 44 if labels else 0

    def photos(self, photos: Sequence[TilePhoto], tile: Tile) -> None:
        row = tile.height + _TEXT_PX + _SMALL_PX + 64
        mask = _rounded(tile.width, tile.height, _ROUND_PX)
        for index, photo in enumerate(photos):
            x = _MARGIN + index % tile.columns * (tile.width + _GAP)
            y = self._y + index // tile.columns * row
            self._page.paste(Image.fromarray(photo.rgb), (x, y), mask)
            self._caption(photo.hold, photo.score, x, y + tile.height + 14, tile.width)
        self._y += -(-len(photos) // tile.columns) * row

    def _caption(self, hold: Segment, score: ShownScore | None, x: int, y: int, width: int) -> None:
        self._dot(x, y + 8, 18, self._palette.of(hold.label))
        text, size = self._typeface.fitting(hold.label, _TEXT_PX, width - 30, bold=True)
        self._text(x + 30, y, text, size, WHITE, bold=True)
        held = f"{hold.duration_s:.1f} s"
        y += _TEXT_PX + 8
        self._text(x + 30, y, held, _SMALL_PX, WHITE)
        x += 30 + self._typeface.width(held, _SMALL_PX)
        at = f"  at {self._clock(hold.start_s)}"
        self._text(x, y, at, _SMALL_PX, _SOFT)
        if score is not None and score.points is not None:
            x += self._typeface.width(at, _SMALL_PX)
            self._text(x, y, f"  ·  {score.points:.0f} points", _SMALL_PX, WHITE)

    def totals(self) -> None:
        held = [total for total in self._routine.totals if total.holds]
        if not held:
            text = "No pose was held long enough to count."
            self._text(_MARGIN, self._y, text, _TEXT_PX, _SOFT)
            self._y += _TEXT_PX + 40
            return
        row, inset = _TEXT_PX + 26, 30
        height = row * (len(held) + 1) + 2 * 18
        card = _rounded(_WIDTH - 2 * _MARGIN, height, _ROUND_PX)
        self._page.paste(_CARD, (_MARGIN, self._y), card)
        edges = [_WIDTH - _MARGIN - inset - offset for offset in (360, 180, 0)]
        y = self._y + 18 + 8
        for edge, text in zip(edges, ("holds", "longest", "in all"), strict=True):
            self._right(edge, y, text, _SMALL_PX, _SOFT)
        for total in sorted(held, key=lambda total: -total.total_s):
            y += row
            self._total(total, _MARGIN + inset, y, edges)
        self._y += height + 40

    def _total(self, total: Total, x: int, y: int, edges: list[int]) -> None:
        self._dot(x, y + 8, 18, self._palette.of(total.label))
        room = edges[0] - x - 130
        text, size = self._typeface.fitting(total.label, _TEXT_PX, room)
        self._text(x + 34, y, text, size, WHITE)
        cells = (str(total.holds), f"{total.longest_hold_s:.1f} s", f"{total.total_s:.1f} s")
        for edge, cell in zip(edges, cells, strict=True):
            self._right(edge, y, cell, _TEXT_PX, WHITE)

    def finished(self) -> RgbArray:
        height = max(_LEAST_HEIGHT, self._y + _SMALL_PX + _MARGIN)
        self._text(_MARGIN, height - _MARGIN, "Aerial straps poses", _SMALL_PX, _SOFT)
        return np.asarray(self._page.crop((0, 0, _WIDTH, height)))

    def _clock(self, seconds: float) -> str:
        return clock(seconds, tenths=self._routine.duration_s < _SHORT_S)

    def _right(self, edge: int, y: int, text: str, size: int, colour: Rgb) -> None:
        self._text(edge - self._typeface.width(text, size), y, text, size, colour)

    def _text(self, x: int, y: int, text: str, size: int, colour: Rgb, bold: bool = False) -> None:
        mask = Image.fromarray(self._typeface.mask(text, size, bold))
        self._page.paste(colour, (x, y), mask)

    def _dot(self, x: int, y: int, size: int, colour: Rgb) -> None:
        self._page.paste(colour, (x, y), _rounded(size, size, size // 3))


def clock(seconds: float, tenths: bool = False) -> str:
    """A time for people; with ``tenths`` for short videos.

    >>> clock(83.9), clock(3.94, tenths=True)
    ('1:23', '3.9 s')
    """
    if tenths:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _rounded(width: int, height: int, radius: int) -> Image.Image:
    shape = Image.new("L", (width * _FINER, height * _FINER))
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, 0, width * _FINER - 1, height * _FINER - 1), radius * _FINER, fill=255
    )
    return shape.resize((width, height), Image.Resampling.BOX)
