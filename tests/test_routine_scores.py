"""The benchmark that says how well generated routines are understood."""

import numpy as np
import pytest

from benchmarks.routines import Hold, report, score_routine, true_holds
from shared_features.classify.timeline import Timeline, build_timeline
from shared_features.params import TimelineParams

LABELS = ("lever", "hang", "other")
SMOOTHING = TimelineParams(
    smoothing_s=0.0, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.5
)
PTS_S = [number / 25 for number in range(200)]


def answered(labels: list[str]) -> Timeline:
    """The timeline of a classifier that is certain of these labels."""
    probabilities = np.array(
        [[0.9 if name == label else 0.05 for name in LABELS] for label in labels],
        dtype=np.float32,
    )
    return build_timeline(probabilities, np.array(PTS_S), 8.0, LABELS, "other", SMOOTHING)


def labelled(*periods: tuple[str, int, int]) -> list[str]:
    """The label of each of 200 frames: "other" outside the periods (first frame, frame after)."""
    labels = ["other"] * len(PTS_S)
    for label, first, after in periods:
        labels[first:after] = [label] * (after - first)
    return labels


def test_holds_begin_and_end_with_their_label() -> None:
    """Shorter periods than a hold needs are none, and the last may reach the end."""
    labels = labelled(("lever", 25, 75), ("hang", 80, 85), ("hang", 150, 200))
    assert true_holds(labels, PTS_S, "other", 0.5) == [
        Hold("lever", 1.0, 3.0),
        Hold("hang", 6.0, pytest.approx(8.0)),
    ]


def test_found_missed_and_false_holds_and_their_edges() -> None:
    """An early start is negative, a late end positive; a hold of another pose is false."""
    truth = labelled(("lever", 25, 75), ("hang", 100, 150))
    found = answered(labelled(("lever", 20, 80), ("lever", 110, 140)))
    score = score_routine(truth, true_holds(truth, PTS_S, "other", 0.5), found)
    assert (score.holds, score.missed, score.false) == (2, 1, 1)
    assert score.start_errors_s == pytest.approx([-0.2])
    assert score.end_errors_s == pytest.approx([0.2])
    assert score.frame_accuracy == pytest.approx(1 - (5 + 5 + 50) / 200)


def test_the_same_answer_has_no_errors() -> None:
    """Everything is found at its place, and the report says so."""
    truth = labelled(("lever", 25, 75), ("hang", 100, 150))
    score = score_routine(truth, true_holds(truth, PTS_S, "other", 0.5), answered(truth))
    figures = report([score, score])
    assert figures["frame accuracy, worst"] == 1.0
    assert figures["holds found"] == figures["holds"] == 4
    assert figures["start and end: 90 % within, s"] == 0.0
    assert figures["routines without a false hold"] == 2


def test_a_routine_without_a_found_hold_can_be_reported() -> None:
    """There are no errors of starts and ends then."""
    truth = labelled(("lever", 25, 75))
    score = score_routine(truth, true_holds(truth, PTS_S, "other", 0.5), answered(labelled()))
    assert report([score])["start and end: median error, s"] is None
