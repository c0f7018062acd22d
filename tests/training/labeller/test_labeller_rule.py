"""Which frames are shown, and which ones a key labels."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.labeller.tool import SEED_RANGES, SEED_TABLE
from training.errors import LabelError
from training.labeller.editing.rule import (
    Change,
    Ranges,
    first_unlabelled,
    label_through,
    move_border,
    range_at,
    relabel,
    shown_frames,
    stretch,
)
from training.labels.label_tables import LabelledRange, LabelTable

LABELS = st.sampled_from(["Apple", "Banana", "Cherry"])
# What can be asked for: which way, at which frame, to which frame, with which label.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["label", "relabel", "border"]),
        st.integers(0, 59),
        st.integers(0, 59),
        LABELS,
    ),
    max_size=30,
)


def test_the_seeds_table() -> None:
    """Frames 0 to 22, five apart: what is shown and what each key labels is as the seed has it."""
    shown = shown_frames([float(frame) for frame in range(23)], skip_seconds=5)
    assert shown == tuple(frame for frame, *_ in SEED_TABLE)
    ranges: Ranges = ()
    for frame, _, label, labelled in SEED_TABLE:
        assert stretch(ranges, shown, frame) == labelled
        ranges = label_through(ranges, shown, frame, label).applied(ranges)
    assert ranges == SEED_RANGES


@pytest.mark.parametrize(
    ("pts_s", "skip_s", "expected"),
    [
        pytest.param([0.0], 1, (0,), id="a single frame"),
        pytest.param([0.0, 0.4, 0.8], 1, (0, 2), id="shorter than a step"),
        pytest.param([0, 0.5, 1.0, 1.5, 2.0], 1, (0, 2, 4), id="the last frame is at a step"),
        pytest.param(
            [0, 0.9, 1.1, 5.0, 5.1, 6.2, 6.3], 1, (0, 2, 3, 5, 6), id="a pause, shown once"
        ),
        pytest.param([0.2 * k for k in range(7)], 0.2, tuple(range(7)), id="rounded times"),
        pytest.param(
            [float(Fraction(1001 * k, 30000)) for k in range(61)], 1, (0, 30, 60), id="29.97"
        ),
    ],
)
def test_shown_frames_follow_the_true_times(
    pts_s: list[float], skip_s: float, expected: tuple[int, ...]
) -> None:
    """The first frame at or after each step, and always the last one."""
    assert shown_frames(pts_s, skip_s) == expected


@given(
    st.lists(st.floats(0.001, 3.0), min_size=1, max_size=200),
    st.floats(0.05, 10.0),
)
def test_every_step_has_its_first_frame(gaps_s: list[float], skip_s: float) -> None:
    """Whatever the rhythm of a recording: no step is passed over, none has two frames."""
    pts_s = [sum(gaps_s[:count]) for count in range(len(gaps_s) + 1)]
    shown = shown_frames(pts_s, skip_s)
    expected = {
        next((i for i, seconds in enumerate(pts_s) if seconds >= k * skip_s - 1e-6), None)
        for k in range(int(pts_s[-1] / skip_s) + 2)
    }
    assert set(shown) == (expected - {None}) | {len(pts_s) - 1}
    assert list(shown) == sorted(set(shown))


def test_a_labelled_frame_is_relabelled_from_the_shown_frame_before() -> None:
    """Going back and pressing a key changes the stretch that ends at the frame."""
    shown = (0, 5, 10, 15, 20, 22)
    change = label_through(SEED_RANGES, shown, 10, "Cherry")
    assert (change.first, change.last) == (6, 10)
    assert change.applied(SEED_RANGES)[2] == LabelledRange(6, 20, "Cherry")


def test_a_frame_far_ahead_labels_all_up_to_it() -> None:
    """Skipping labels nothing by itself; the next key takes everything skipped."""
    assert stretch((LabelledRange(0, 5, "Apple"),), (0, 5, 10, 15, 20), 20) == (6, 20)


def test_a_whole_range_is_relabelled_and_joins_its_neighbours() -> None:
    """Ranges stay as long as possible."""
    after = relabel(SEED_RANGES, 3, "Apple").applied(SEED_RANGES)
    assert after[0] == LabelledRange(0, 10, "Apple")
    with pytest.raises(LabelError, match="Frame 40 has no label"):
        relabel(SEED_RANGES, 40, "Apple")


@pytest.mark.parametrize(
    ("border", "to", "left", "right"),
    [
        (5, 7, (1, 7), (8, 10)),
        (5, 2, (1, 2), (3, 10)),
        (5, 0, (1, 1), (2, 10)),
        (5, 99, (1, 9), (10, 10)),
    ],
    ids=["right", "left", "not beyond the left range", "not beyond the right range"],
)
def test_a_border_moves_between_its_ranges(
    border: int, to: int, left: tuple[int, int], right: tuple[int, int]
) -> None:
    """One range grows by what the other loses; both keep a frame."""
    after = move_border(SEED_RANGES, border, to).applied(SEED_RANGES)
    assert [(labelled.first, labelled.last) for labelled in after[1:3]] == [left, right]
    assert len(after) == len(SEED_RANGES)


def test_a_border_that_is_none_is_refused() -> None:
    """The labels have changed since the page was drawn."""
    for border in (3, 22):
        with pytest.raises(LabelError, match=f"No two ranges meet behind frame {border}"):
            move_border(SEED_RANGES, border, 5)


def _change(ranges: Ranges, step: tuple[str, int, int, str]) -> Change | None:
    how, frame, to, label = step
    shown = shown_frames([float(number) for number in range(60)], 7)
    try:
        if how == "label":
            return label_through(ranges, shown, frame, label)
        if how == "relabel":
            return relabel(ranges, frame, label)
        return move_border(ranges, frame, to)
    except LabelError:
        return None


@given(STEPS)
def test_labelling_never_loses_a_frame(steps: list[tuple[str, int, int, str]]) -> None:
    """A labelled frame stays labelled; ranges stay ordered, apart, and as long as possible."""
    ranges: Ranges = ()
    for step in steps:
        change = _change(ranges, step)
        if change is None:
            continue
        after = change.applied(ranges)
        table = LabelTable("video_x.mp4", after)  # raises unless in order and apart
        assert set(LabelTable("video_x.mp4", ranges).by_frame()) <= set(table.by_frame())
        assert all(
            before.label != behind.label or before.last + 1 < behind.first
            for before, behind in pairwise(after)
        )
        changed = dict(set(table.by_frame().items()) - set(_by_frame(ranges).items()))
        assert all(change.first <= frame <= change.last for frame in changed)
        ranges = after


@given(STEPS)
def test_undo_restores_exactly(steps: list[tuple[str, int, int, str]]) -> None:
    """Every change taken back, in reverse order, leads through the same labels."""
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
def test_the_first_unlabelled_frame_is_where_labelling_goes_on(
    steps: list[tuple[str, int, int, str]],
) -> None:
    """Everything before it has a label, it has none."""
    ranges: Ranges = ()
    for step in steps:
        change = _change(ranges, step)
        ranges = ranges if change is None else change.applied(ranges)
    frame = first_unlabelled(ranges)
    assert range_at(ranges, frame) is None
    assert all(range_at(ranges, before) for before in range(frame))


def _by_frame(ranges: Ranges) -> dict[int, str]:
    return LabelTable("video_x.mp4", ranges).by_frame()
