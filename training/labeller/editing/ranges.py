"""What a key press labels: pure functions on ordered ranges of frames.

A key labels every frame from the last labelled one up to and including the one that is shown. On a
frame that already has a label, it relabels the frames since the previous shown frame.

Ranges are in order, never overlap, and are as long as possible: neighbouring ranges either differ
in their label or have unlabelled frames between them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from training.errors import LabelError
from training.labels.label_tables import LabelledRange

Ranges = tuple[LabelledRange, ...]


@dataclass(frozen=True)
class Change:
    """Consecutive frames whose labels change, with their labels before and after.

    Attributes:
        first: Number of the first frame.
        last: Number of the last frame, inclusive.
        before: Labelled ranges within these frames before the change.
        after: Labelled ranges within these frames after the change.
    """

    first: int
    last: int
    before: Ranges
    after: Ranges

    def applied(self, ranges: Ranges) -> Ranges:
        """The ranges of a recording after this change."""
        return replaced(ranges, self.first, self.last, self.after)

    def reversed(self) -> Self:
        """The change that undoes this one."""
        return type(self)(self.first, self.last, self.after, self.before)


def inside(ranges: Ranges, first: int, last: int) -> Ranges:
    """The parts of ranges that lie within ``first`` to ``last``."""
    return tuple(
        LabelledRange(max(first, labelled.first), min(last, labelled.last), labelled.label)
        for labelled in ranges
        if labelled.first <= last and labelled.last >= first
    )


def merged(ranges: Iterable[LabelledRange]) -> Ranges:
    """Ordered ranges, with adjacent ones of the same label joined."""
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
    """Ranges with ``content`` in place of whatever was within ``first`` to ``last``."""
    before = inside(ranges, 0, first - 1) if first else ()
    after = tuple(
        LabelledRange(max(last + 1, labelled.first), labelled.last, labelled.label)
        for labelled in ranges
        if labelled.last > last
    )
    return merged((*before, *content, *after))


def range_at(ranges: Ranges, frame: int) -> LabelledRange | None:
    """The range that contains a frame."""
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
    """The first and last frame that a key labels while ``frame`` is on the page.

    Args:
        ranges: everything labelled so far.
        shown: the shown frames, in order.
        frame: the frame on the page, which need not be a shown frame.
    """
    if range_at(ranges, frame) is None:
        labelled_before = (labelled.last for labelled in ranges if labelled.last < frame)
        return max(labelled_before, default=-1) + 1, frame
    index = bisect_left(shown, frame)
    return (shown[index - 1] + 1 if index else 0), frame


def label_through(ranges: Ranges, shown: Sequence[int], frame: int, label: str) -> Change:
    """Label the ``stretch`` that ends at a frame."""
    first, last = stretch(ranges, shown, frame)
    return Change(first, last, inside(ranges, first, last), (LabelledRange(first, last, label),))


def relabel(ranges: Ranges, frame: int, label: str) -> Change:
    """Give the whole range that contains a frame another label.

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


def move_boundary(ranges: Ranges, boundary: int, to: int) -> Change:
    """Move the boundary between two adjacent ranges.

    Args:
        ranges: everything labelled so far.
        boundary: current last frame of the range on the left.
        to: new last frame of that range, limited so that both ranges keep at least one frame.

    Raises:
        LabelError: no two ranges meet at the boundary.
    """
    left, right = range_at(ranges, boundary), range_at(ranges, boundary + 1)
    if left is None or right is None or left.last != boundary:
        raise LabelError(
            f"No two ranges meet after frame {boundary}: the labels have changed since the "
            "timeline was drawn. Check the timeline and try again."
        )
    to = min(max(to, left.first), right.last - 1)
    if to == boundary:
        kept = inside(ranges, boundary, boundary)
        return Change(boundary, boundary, kept, kept)
    first, last = min(boundary, to) + 1, max(boundary, to)
    label = left.label if to > boundary else right.label
    return Change(first, last, inside(ranges, first, last), (LabelledRange(first, last, label),))
