"""Which frames a key labels, and how ranges change."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.labeller.tool import SEED_RANGES, SEED_TABLE
from training.errors import LabelError
from training.labeller.editing.ranges import (
    Change,
    Ranges,
    first_unlabelled,
    label_through,
    move_boundary,
    range_at,
    relabel,
    stretch,
)
from training.labels.label_tables import LabelledRange, LabelTable

SHOWN = (*range(0, 60, 7), 59)
LABELS = st.sampled_from(["Apple", "Banana", "Cherry"])
# Random changes: kind of change, frame, target frame, label.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["label", "relabel", "boundary"]),
        st.integers(0, 59),
        st.integers(0, 59),
        LABELS,
    ),
    max_size=30,
)


def test_the_seeds_table() -> None:
    """With a shown frame every five frames, each key labels what the seed's table says."""
    shown = tuple(frame for frame, *_ in SEED_TABLE)
    ranges: Ranges = ()
    for frame, _, label, labelled in SEED_TABLE:
        assert stretch(ranges, shown, frame) == labelled
        ranges = label_through(ranges, shown, frame, label).applied(ranges)
    assert ranges == SEED_RANGES


def test_a_labelled_frame_is_relabelled_from_the_shown_frame_before() -> None:
    """Going back and pressing a key changes the stretch that ends at that frame."""
    shown = (0, 5, 10, 15, 20, 22)
    change = label_through(SEED_RANGES, shown, 10, "Cherry")
    assert (change.first, change.last) == (6, 10)
    assert change.applied(SEED_RANGES)[2] == LabelledRange(6, 20, "Cherry")


def test_a_frame_far_ahead_labels_all_up_to_it() -> None:
    """Skipping labels nothing by itself; the next key labels everything skipped."""
    assert stretch((LabelledRange(0, 5, "Apple"),), (0, 5, 10, 15, 20), 20) == (6, 20)


def test_a_whole_range_is_relabelled_and_joins_its_neighbours() -> None:
    """Ranges stay as long as possible."""
    after = relabel(SEED_RANGES, 3, "Apple").applied(SEED_RANGES)
    assert after[0] == LabelledRange(0, 10, "Apple")
    with pytest.raises(LabelError, match="Frame 40 has no label"):
        relabel(SEED_RANGES, 40, "Apple")


@pytest.mark.parametrize(
    ("boundary", "to", "left", "right"),
    [
        (5, 7, (1, 7), (8, 10)),
        (5, 2, (1, 2), (3, 10)),
        (5, 0, (1, 1), (2, 10)),
        (5, 99, (1, 9), (10, 10)),
    ],
    ids=["right", "left", "not beyond the left range", "not beyond the right range"],
)
def test_a_boundary_moves_between_its_ranges(
    boundary: int, to: int, left: tuple[int, int], right: tuple[int, int]
) -> None:
    """One range grows by as much as the other shrinks; both keep at least one frame."""
    after = move_boundary(SEED_RANGES, boundary, to).applied(SEED_RANGES)
    assert [(labelled.first, labelled.last) for labelled in after[1:3]] == [left, right]
    assert len(after) == len(SEED_RANGES)


def test_a_frame_that_is_not_a_boundary_is_refused() -> None:
    """The labels may have changed since the page was drawn."""
    for boundary in (3, 22):
        with pytest.raises(LabelError, match=f"No two ranges meet after frame {boundary}"):
            move_boundary(SEED_RANGES, boundary, 5)


def _change(ranges: Ranges, step: tuple[str, int, int, str]) -> Change | None:
    how, frame, to, label = step
    try:
        if how == "label":
            return label_through(ranges, SHOWN, frame, label)
        if how == "relabel":
            return relabel(ranges, frame, label)
        return move_boundary(ranges, frame, to)
    except LabelError:
        return None


@given(STEPS)
def test_labelling_never_loses_a_frame(steps: list[tuple[str, int, int, str]]) -> None:
    """A labelled frame stays labelled; ranges stay ordered, disjoint, and as long as possible."""
    ranges: Ranges = ()
    for step in steps:
        change = _change(ranges, step)
        if change is None:
            continue
        after = change.applied(ranges)
        table = LabelTable("video_x.mp4", after)  # raises unless ordered and disjoint
        assert set(LabelTable("video_x.mp4", ranges).by_frame()) <= set(table.by_frame())
        assert all(
            before.label != following.label or before.last + 1 < following.first
            for before, following in pairwise(after)
        )
        changed = dict(set(table.by_frame().items()) - set(_by_frame(ranges).items()))
        assert all(change.first <= frame <= change.last for frame in changed)
        ranges = after


@given(STEPS)
def test_undo_restores_exactly(steps: list[tuple[str, int, int, str]]) -> None:
    """Undoing every change in reverse order restores the same labels step by step."""
    past: list[tuple[Ranges, Change]] = []
    ranges: Ranges = ()
    for step in steps:
        change = _change(ranges, step)
        if change is not None:
            past.append((ranges, change))
            ranges = change.applied(ranges)
    for before, change in reversed(past):
        ranges = change.reversed().applied(ranges)
        assert ranges == before


@given(STEPS)
def test_the_first_unlabelled_frame_is_where_labelling_resumes(
    steps: list[tuple[str, int, int, str]],
) -> None:
    """Every frame before it has a label; the frame itself has none."""
    ranges: Ranges = ()
    for step in steps:
        change = _change(ranges, step)
        ranges = ranges if change is None else change.applied(ranges)
    frame = first_unlabelled(ranges)
    assert range_at(ranges, frame) is None
    assert all(range_at(ranges, before) for before in range(frame))


def _by_frame(ranges: Ranges) -> dict[int, str]:
    return LabelTable("video_x.mp4", ranges).by_frame()
