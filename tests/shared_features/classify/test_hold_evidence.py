"""A body held still cannot turn over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.classify.hold_evidence import HoldEvidence, decided_by_hold
from shared_features.classify.timeline import build_timeline
from shared_features.params import TimelineParams

LABELS = ("front lever", "back lever", "other")
PARAMS = TimelineParams(
    smoothing_s=0.2, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.5
)
FPS = 25
FRONT, BACK, OTHER = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9)
Rows = NDArray[np.float32]


def rows(*stretches: tuple[tuple[float, float, float], int]) -> Rows:
    return np.repeat([row for row, _ in stretches], [n for _, n in stretches], axis=0).astype("f4")


def test_a_hold_that_flips_is_one_hold_of_the_likelier_pose() -> None:
    """A second and a half of the wrong lever inside a hold of six seconds."""
    table = rows((OTHER, 25), (FRONT, 75), (BACK, 38), (FRONT, 37), (OTHER, 25))
    periods = np.repeat([0, 1, 2], [25, 150, 25])
    times = np.arange(len(table)) / FPS
    end_s = len(table) / FPS
    flipping = build_timeline(table, times, end_s, LABELS, "other", PARAMS)
    assert [hold.label for hold in flipping.holds] == ["front lever", "back lever", "front lever"]
    decided = build_timeline(table, times, end_s, LABELS, "other", PARAMS, periods=periods)
    (hold,) = decided.holds
    assert (hold.label, hold.first_frame, hold.last_frame) == ("front lever", 25, 174)
    assert decided.probabilities is table


def test_a_period_without_a_clear_majority_is_uncertain() -> None:
    """Better than a pose that is right half of the time."""
    table = rows((FRONT, 50), (BACK, 50))
    times = np.arange(100) / FPS
    found = build_timeline(
        table, times, 4.0, LABELS, "other", PARAMS, periods=np.zeros(100, dtype=np.intp)
    )
    assert set(found.frame_labels) == {"uncertain"}


def random_rows(seed: int, n: int) -> tuple[Rows, NDArray[np.intp]]:
    random = np.random.default_rng(seed)
    table = random.dirichlet((0.5, 0.5, 0.5), n).astype(np.float32)
    periods = np.cumsum(random.random(n) < 0.3)
    return table, periods


@given(st.integers(0, 2**32 - 1))
def test_how_likely_a_frame_shows_a_pose_is_its_own(seed: int) -> None:
    """Only the share of each pose changes; frames without probabilities stay without."""
    table, periods = random_rows(seed, 20)
    table[7], periods[11] = np.nan, periods[10]
    decided = decided_by_hold(table, periods, LABELS, "other")
    known = np.arange(20) != 7
    assert np.isnan(decided[7]).all()
    assert decided[known, 2] == pytest.approx(table[known, 2], abs=1e-6)
    assert decided[known].sum(axis=1) == pytest.approx(np.ones(19), abs=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_at_the_end_of_a_period_a_live_session_knows_as_much(seed: int) -> None:
    """Its last frame has the probabilities of the recording."""
    table, periods = random_rows(seed, 20)
    decided = decided_by_hold(table, periods, LABELS, "other")
    live = HoldEvidence(LABELS, "other")
    found = np.array(
        [live.add(row, int(period)) for row, period in zip(table, periods, strict=True)]
    )
    last = np.flatnonzero(np.diff(periods, append=periods[-1] + 1))
    assert found[last] == pytest.approx(decided[last], abs=1e-5)
