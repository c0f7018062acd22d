"""What a key press labels: pure rules on ordered ranges of frames.

A key labels every frame from the last labelled one up to and including the one that is shown. On a
frame that has a label already, it relabels the frames since the previous shown frame.

Ranges are in order, never overlap, and are as long as possible: neighbours differ in their label or
have unlabelled frames between them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor

from training.errors import LabelError
from training.labels.label_tables import LabelledRange

Ranges = tuple[LabelledRange, ...]

# Times are whole ticks of a file's clock; multiples of the step are rounded binary fractions.
TIME_TOLERANCE_S = 1e-6


class ShownFrames:
    """Decides, frame by frame in their order, which frames of a video are shown.

    Shown are the first frames at or after 0, 1, 2, … steps. A frame that is the first one for
    several steps (a recording may pause) is shown once. The last frame of a video is shown, too;
    which one that is, is known at the end only.

    Args:
        skip_seconds: length of a step.
    """

    def __init__(self, skip_seconds: float) -> None:
        self._skip_s = skip_seconds
        self._next_step = 0

    def shows(self, pts_s: float) -> bool:
        """Whether the next frame, which is at this time, is shown."""
        if pts_s + TIME_TOLERANCE_S < self._next_step * self._skip_s:
            return False
        self._next_step = floor((pts_s + TIME_TOLERANCE_S) / self._skip_s) + 1
        return True


def shown_frames(pts_s: Sequence[float], skip_seconds: float) -> tuple[int, ...]:
    """The frames of a whole video that are shown, the last one included.

    >>> shown_frames(range(23), skip_seconds=5)
    (0, 5, 10, 15, 20, 22)
    """
    rule = ShownFrames(skip_seconds)
    shown = [frame for frame, seconds in enumerate(pts_s) if rule.shows(seconds)]
    if shown and shown[-1] != len(pts_s) - 1:
        shown.append(len(pts_s) - 1)
    return tuple(shown)


@dataclass(frozen=True)
class Change:
    """Consecutive frames whose labels change, and what they were and become.

    Attributes:
        first: number of the first frame.
        last: number of the last frame, included.
        before: the ranges within, before.
        after: the ranges within, afterwards.
    """

    first: int
    last: int
    before: Ranges
    after: Ranges

    def applied(self, ranges: Ranges) -> Ranges:
        """The ranges of a recording after this change."""
        return replaced(ranges, self.first, self.last, self.after)

    def reversed(self) -> "Change":
        """The change that takes this one back."""
        return Change(self.first, self.last, self.after, self.before)


def inside(ranges: Ranges, first: int, last: int) -> Ranges:
    """The parts of ranges that lie within ``first`` to ``last``."""
    return tuple(
        LabelledRange(max(first, labelled.first), min(last, labelled.last), labelled.label)
        for labelled in ranges
        if labelled.first <= last and labelled.last >= first
    )


def merged(ranges: Iterable[LabelledRange]) -> Ranges:
    """Ordered ranges, as long as possible."""
    longest: list[LabelledRange] = []
    for labelled in ranges:
        if (
            longest
            and longest[-1].last + 1 == labelled.first
            and longest[-1].label == labelled.label
        ):
            longest[-1] = LabelledRange(longest[-1].first, labelled.last, labelled.label)
        else:
            longest.append(labelled)
    return tuple(longest)


def replaced(ranges: Ranges, first: int, last: int, content: Ranges) -> Ranges:
    """Ranges with other contents within ``first`` to ``last``; nothing else changes."""
    before = inside(ranges, 0, first - 1) if first else ()
    after = tuple(
        LabelledRange(max(last + 1, labelled.first), labelled.last, labelled.label)
        for labelled in ranges
        if labelled.last > last
    )
    return merged((*before, *content, *after))


def range_at(ranges: Ranges, frame: int) -> LabelledRange | None:
    """The range that a frame is in."""
    return next((found for found in ranges if found.first <= frame <= found.last), None)


def first_unlabelled(ranges: Ranges) -> int:
    """The first frame without a label.

    >>> first_unlabelled((LabelledRange(0, 4, "tree"), LabelledRange(7, 9, "tree")))
    5
    """
    frame = 0
    for labelled in ranges:
        if labelled.first > frame:
            break
        frame = labelled.last + 1
    return frame


def stretch(ranges: Ranges, shown: Sequence[int], frame: int) -> tuple[int, int]:
    """The frames that a key labels while ``frame`` is on the page: first and last.

    Args:
        ranges: what is labelled so far.
        shown: the frames that are shown, in order.
        frame: the one on the page; it need not be one of them.
    """
    if range_at(ranges, frame) is None:
        labelled_before = (labelled.last for labelled in ranges if labelled.last < frame)
        return max(labelled_before, default=-1) + 1, frame
    place = bisect_left(shown, frame)
    return (shown[place - 1] + 1 if place else 0), frame


def label_through(ranges: Ranges, shown: Sequence[int], frame: int, label: str) -> Change:
    """What a key press does; see ``stretch``."""
    first, last = stretch(ranges, shown, frame)
    return Change(first, last, inside(ranges, first, last), (LabelledRange(first, last, label),))


def relabel(ranges: Ranges, frame: int, label: str) -> Change:
    """Give the whole range that a frame is in another label.

    Raises:
        LabelError: the frame has no label.
    """
    found = range_at(ranges, frame)
    if found is None:
        raise LabelError(
            f"Frame {frame} has no label yet, so there is no range to change. Press a key to label "
            "it."
        )
    return Change(
        found.first, found.last, (found,), (LabelledRange(found.first, found.last, label),)
    )


def move_border(ranges: Ranges, border: int, to: int) -> Change:
    """Move the border between two neighbouring ranges.

    Args:
        ranges: what is labelled.
        border: last frame of the range before it.
        to: the last frame it is to have. Both ranges keep at least one frame.

    Raises:
        LabelError: no two ranges meet there.
    """
    left, right = range_at(ranges, border), range_at(ranges, border + 1)
    if left is None or right is None or left.last != border:
        raise LabelError(
            f"No two ranges meet behind frame {border}: the labels have changed meanwhile. Look at "
            "the timeline again."
        )
    to = min(max(to, left.first), right.last - 1)
    if to == border:
        kept = inside(ranges, border, border)
        return Change(border, border, kept, kept)
    first, last = min(border, to) + 1, max(border, to)
    label = left.label if to > border else right.label
    return Change(first, last, inside(ranges, first, last), (LabelledRange(first, last, label),))
