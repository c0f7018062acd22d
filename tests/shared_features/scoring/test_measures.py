"""Holds with known faults, seen by a perfect detector: each is found, in its size and in words."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import VISIBILITY, mirror_image
from shared_features.params import ScoringParams
from shared_features.scoring.faults import FaultKind
from shared_features.scoring.holds import HoldScore, score_hold
from shared_features.scoring.ideals import IDEALS
from shared_features.scoring.measures import measure
from tests.holds import ASPECT, filmed
from training.synthetic.executions import Execution, KnownFaults, execution

PARAMS = ScoringParams()
TWO_ARMS = ("front lever", "back lever", "l-hang")
ALL = tuple(IDEALS)


def a_hold(label: str, seed: int, faults: KnownFaults, duration_s: float = 3.0) -> Execution:
    return execution(np.random.default_rng(seed), label, faults, duration_s)


def scored(hold: Execution, yaw_deg: float = 90.0) -> HoldScore:
    image, pts_s = filmed(hold, yaw_deg)
    return score_hold(hold.label, image, pts_s, hold.duration_s, ASPECT, PARAMS)


@pytest.mark.parametrize("label", TWO_ARMS)
@pytest.mark.parametrize("seed", range(8))
def test_a_flawless_hold_has_nearly_all_points(label: str, seed: int) -> None:
    """Whoever performs it; arms, straddle and spine vary within what the pose allows."""
    score = scored(a_hold(label, seed, KnownFaults()))
    assert score.points is not None
    assert score.points > 88, score.faults


@pytest.mark.parametrize(
    ("label", "faults", "kind", "word"),
    [
        ("front lever", KnownFaults(hips_deg=25), "hips", "below the line"),
        ("front lever", KnownFaults(hips_deg=-25), "hips", "above the line"),
        ("back lever", KnownFaults(hips_deg=25), "hips", "below the line"),
        ("back lever", KnownFaults(tilt_deg=22), "tilt", "feet low"),
        ("front lever", KnownFaults(tilt_deg=-22), "tilt", "feet high"),
        ("l-hang", KnownFaults(hips_deg=28), "hips", "below level"),
        ("l-hang", KnownFaults(tilt_deg=25), "tilt", "torso leans back"),
        ("front lever", KnownFaults(knees_deg=(50, 0)), "knees", "left knee bent"),
        ("l-hang", KnownFaults(knees_deg=(45, 50)), "knees", "knees bent"),
        ("back lever", KnownFaults(elbows_deg=(0, 50)), "elbows", "right elbow bent"),
        ("l-hang", KnownFaults(uneven_deg=35), "uneven", "left leg"),
        ("front lever", KnownFaults(shake_cm=6), "shake", "wrists steady, hips ±"),
        ("l-hang", KnownFaults(late_s=1.8), "late", "reached late"),
        ("nutcracker", KnownFaults(hips_deg=35), "hips", "too open"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_the_most_expensive_one_when_it_is_the_only_one(
    label: str, faults: KnownFaults, kind: FaultKind, word: str
) -> None:
    """And its words say to which side."""
    for seed in range(3):
        score = scored(a_hold(label, seed, faults))
        assert score.points is not None
        assert score.faults[0].kind == kind, score.faults
        assert word in score.faults[0].text


@settings(max_examples=25)
@given(
    seed=st.integers(0, 999),
    label=st.sampled_from(["front lever", "back lever"]),
    sag_deg=st.floats(-35, 35),
    yaw_deg=st.floats(50, 130),
)
def test_the_sag_of_the_hips_is_measured_from_any_side(
    seed: int, label: str, sag_deg: float, yaw_deg: float
) -> None:
    """Turned by up to 40 degrees, a body that is foreshortened by a quarter has the same sag."""
    image, pts_s = filmed(a_hold(label, seed, KnownFaults(hips_deg=sag_deg)), yaw_deg)
    measures = measure(image, pts_s, ASPECT, IDEALS[label], PARAMS.min_visibility)
    assert measures.hips_deg == pytest.approx(sag_deg, abs=9)


@settings(max_examples=25)
@given(seed=st.integers(0, 999), label=st.sampled_from(TWO_ARMS), bend_deg=st.floats(15, 70))
def test_a_mirror_image_has_the_same_faults_on_the_other_side(
    seed: int, label: str, bend_deg: float
) -> None:
    """Points, symmetry and steadiness do not change; left and right do."""
    hold = a_hold(label, seed, KnownFaults(knees_deg=(bend_deg, 0.0)))
    image, pts_s = filmed(hold)
    as_filmed = score_hold(label, image, pts_s, 3.0, ASPECT, PARAMS)
    mirrored = mirror_image(image)
    other = score_hold(label, mirrored, pts_s, 3.0, ASPECT, PARAMS)
    if as_filmed.points is None or as_filmed.measures is None or other.measures is None:
        assert other.reason == as_filmed.reason
        return
    assert other.points == pytest.approx(as_filmed.points, abs=0.01)
    swapped = pytest.approx(as_filmed.measures.knees_deg[::-1], abs=0.01, nan_ok=True)
    assert other.measures.knees_deg == swapped


def test_more_of_a_fault_never_gives_more_points() -> None:
    """From a straight line to a deep sag."""
    points = [
        scored(a_hold("front lever", 3, KnownFaults(hips_deg=sag_deg))).points
        for sag_deg in range(0, 50, 5)
    ]
    known = [value for value in points if value is not None]
    assert len(known) == len(points)
    assert sorted(known, reverse=True) == known
    assert known[-1] < 70


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda image: image[:3], "too few frames"),
        (lambda image: _where(image, slice(0, 30), np.nan), "seen in only"),
        (lambda image: image + np.float32([0.6, 0, 0, 0, 0]), "not all of the body is in view"),
        (lambda image: _where(image, np.s_[:, :, VISIBILITY], 0.1), "hidden"),
        (lambda image: _where(image, np.s_[:, 25:29, VISIBILITY], 0.1), "knees cannot be measured"),
    ],
    ids=["few frames", "no person", "cut off", "trunk hidden", "legs hidden"],
)
def test_a_hold_that_was_not_seen_well_has_no_points_and_a_reason(
    change: object, reason: str
) -> None:
    """It is never given points for what was guessed."""
    image, pts_s = filmed(a_hold("front lever", 0, KnownFaults()))
    changed = change(image)
    score = score_hold("front lever", changed, pts_s[: len(changed)], 3.0, ASPECT, PARAMS)
    assert score.points is None
    assert reason in str(score.reason)
    assert score.faults == ()


def test_a_body_that_points_at_the_camera_has_no_points() -> None:
    """Whether its knees are bent cannot be seen."""
    assert scored(a_hold("l-hang", 1, KnownFaults()), yaw_deg=0).points is None


def test_a_pose_without_an_ideal_line_has_no_points() -> None:
    """A model may know poses of its own."""
    image, pts_s = filmed(a_hold("front lever", 0, KnownFaults()))
    score = score_hold("my pose", image, pts_s, 3.0, ASPECT, PARAMS)
    assert score.points is None
    assert "no ideal line" in str(score.reason)


def test_a_judge_sets_what_a_fault_costs() -> None:
    """A code in which hips cost nothing gives a sagging lever the points of a straight one."""
    image, pts_s = filmed(a_hold("front lever", 2, KnownFaults(hips_deg=25)))
    free = PARAMS.code.hips.model_copy(update={"points": 0.0})
    lenient = PARAMS.model_copy(update={"code": PARAMS.code.model_copy(update={"hips": free})})
    strict_score, lenient_score = (
        score_hold("front lever", image, pts_s, 3.0, ASPECT, params) for params in (PARAMS, lenient)
    )
    assert strict_score.points is not None
    assert lenient_score.points is not None
    cost = sum(fault.points for fault in strict_score.faults if fault.kind == "hips")
    assert lenient_score.points == pytest.approx(strict_score.points + cost)
    assert "hips" not in {fault.kind for fault in lenient_score.faults}


@settings(max_examples=25)
@given(st.sampled_from(ALL), st.integers(0, 999))
def test_points_and_faults_agree(label: str, seed: int) -> None:
    """100 minus what the faults cost; the most expensive first; none without a cost."""
    faults = KnownFaults(hips_deg=20, knees_deg=(40, 10), shake_cm=4)
    score = scored(replace(a_hold(label, seed, faults), faults=faults))
    if score.points is not None:
        costs = [fault.points for fault in score.faults]
        assert costs == sorted(costs, reverse=True)
        assert all(costs)
        assert score.points == pytest.approx(max(0.0, 100 - sum(costs)))


def _where(image: NDArray[np.float32], index: object, value: float) -> NDArray[np.float32]:
    changed = image.copy()
    changed[index] = value
    return changed
