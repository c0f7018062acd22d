"""Repetitions: counted with hysteresis, never twice, and not where the recording cuts them off."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX
from shared_features.params import MovementParams, ScoringParams
from shared_features.scoring.repetitions import Repetition, count_repetitions

SQUAT = ScoringParams().movements["squat"]
FRAMES_PER_S = 20
STRAIGHT_DEG = 175.0


def squatting(knee_deg: NDArray[np.float64], uneven_deg: float = 0.0) -> NDArray[np.float32]:
    """Image landmarks ``(n, 33, 5)`` of legs whose knees have these angles."""
    image = np.full((len(knee_deg), 33, 5), 0.5, dtype=np.float32)
    for side, offset in (("LEFT", uneven_deg / 2), ("RIGHT", -uneven_deg / 2)):
        turned = np.radians(180 - (knee_deg + offset))
        hip, knee = np.array([0.5, 0.2]), np.array([0.5, 0.4])
        ankle = knee + 0.2 * np.stack([np.sin(turned), np.cos(turned)], axis=1)
        image[:, LANDMARK_INDEX[f"{side}_HIP"], :2] = hip
        image[:, LANDMARK_INDEX[f"{side}_KNEE"], :2] = knee
        image[:, LANDMARK_INDEX[f"{side}_ANKLE"], :2] = ankle
    return image


def counted(
    knee_deg: NDArray[np.float64], uneven_deg: float = 0.0, movement: MovementParams = SQUAT
) -> tuple[Repetition, ...]:
    pts_s = np.arange(len(knee_deg)) / FRAMES_PER_S
    return count_repetitions(squatting(knee_deg, uneven_deg), pts_s, 1.0, movement)


def bends(deepest_deg: list[float], frames_each: int = 30) -> NDArray[np.float64]:
    """From straight to each depth and back, with a pause in between."""
    wave = (1 - np.cos(np.linspace(0, 2 * np.pi, frames_each))) / 2
    still = np.full(6, STRAIGHT_DEG)
    parts = [STRAIGHT_DEG - (STRAIGHT_DEG - deepest) * wave for deepest in deepest_deg]
    return np.concatenate([still, *(part for bend in parts for part in (bend, still))])


@settings(max_examples=40)
@given(
    st.lists(st.floats(40, 100), min_size=0, max_size=6),
    st.integers(0, 2**32 - 1),
    st.floats(0, 4),
)
def test_every_deep_bend_is_one_repetition(depths: list[float], seed: int, noise: float) -> None:
    """Whatever the noise of the landmarks; in order, without overlaps, at the right depth."""
    angle = bends(depths) + np.random.default_rng(seed).normal(0, noise, len(bends(depths)))
    found = counted(np.clip(angle, 5, 179))
    assert len(found) == len(depths)
    assert all(repetition.complete for repetition in found)
    for repetition, depth in zip(found, depths, strict=True):
        assert repetition.start_s < repetition.deepest_s < repetition.end_s
        assert repetition.deepest_deg == pytest.approx(depth, abs=3 * noise + 3)
    edges = [time for repetition in found for time in (repetition.start_s, repetition.end_s)]
    assert edges == sorted(edges)


def test_a_shallow_bend_and_a_wobble_are_none() -> None:
    """Nor is a pause half-way, or going down a second time without coming up."""
    assert counted(bends([130, 125])) == ()
    down_twice = np.concatenate([bends([80])[:22], bends([125])[21:-21] - 45, bends([80])[22:]])
    assert len(counted(down_twice)) == 1


def test_what_the_recording_cuts_off_is_reported_without_points() -> None:
    """At its start and at its end."""
    cut = bends([60, 70, 65])[20:-20]
    found = counted(cut)
    assert [repetition.complete for repetition in found] == [False, True, False]
    assert [repetition.points is None for repetition in found] == [True, False, True]


def test_shallow_and_uneven_repetitions_cost_points_and_say_so() -> None:
    """The deeper and the more even, the more points."""
    deep, shallow = counted(bends([70]))[0], counted(bends([110]))[0]
    uneven = counted(bends([70]), uneven_deg=30)[0]
    assert deep.points == 100
    assert shallow.points is not None
    assert shallow.points < 80
    assert "short of 90°" in shallow.faults[0]
    assert uneven.points is not None
    assert uneven.points < 95
    assert "uneven by 30°" in uneven.faults[0]


def test_nobody_in_the_picture_is_no_repetition() -> None:
    """Frames without a person are left out."""
    image = np.full((40, 33, 5), np.nan, dtype=np.float32)
    assert count_repetitions(image, np.arange(40) / 20, 1.0, SQUAT) == ()
