"""The ideal lines that holds are scored against lie within the poses that models are trained on."""

from itertools import islice

import numpy as np
import pytest

from shared_features.scoring.ideals import IDEALS, PoseIdeal
from training.synthetic.executions import KnownFaults, executions
from training.synthetic.poses.straps_poses import STRAPS_VARIANTS
from training.synthetic.poses.table import LABELS, OTHER
from training.synthetic.poses.variants import LegRange, Range, Variant


def flexion(legs: LegRange | tuple[LegRange, LegRange]) -> Range:
    return (legs[0] if isinstance(legs, tuple) else legs).flexion


def test_every_pose_has_an_ideal_line() -> None:
    """And nothing else has."""
    assert set(IDEALS) == set(LABELS) - {OTHER}


@pytest.mark.parametrize("label", IDEALS)
def test_the_ideal_line_is_within_the_pose(label: str) -> None:
    """Its torso, hips and arms are among those that the performer is drawn with."""
    ideal = IDEALS[label]
    variants = [variant for variant in STRAPS_VARIANTS if variant.label == label]
    assert {sum(variant.holds) for variant in variants} == {ideal.arms}
    assert any(includes(variant, ideal) for variant in variants)


def includes(variant: Variant, ideal: PoseIdeal) -> bool:
    within = []
    if ideal.torso_elevation_deg is not None:
        upright, (low, high) = 90 - ideal.torso_elevation_deg, variant.pitch_back
        within.append(low <= upright <= high or low <= 360 - upright <= high)
    if ideal.hip_deg is not None:
        low, high = flexion(variant.legs)
        within.append(low <= 180 - ideal.hip_deg <= high)
    return all(within)


def test_executions_have_faults_of_every_kind_and_are_the_same_for_a_seed() -> None:
    """One performer each; some are flawless."""
    drawn, again = (list(islice(executions(3), 60)) for _ in range(2))
    assert [hold.faults for hold in drawn] == [hold.faults for hold in again]
    assert {hold.label for hold in drawn} == set(IDEALS)
    assert any(hold.faults == KnownFaults() for hold in drawn)
    for kind in ("hips_deg", "tilt_deg", "uneven_deg", "shake_cm", "late_s"):
        assert any(getattr(hold.faults, kind) for hold in drawn), kind


def test_the_hands_stay_where_they_are() -> None:
    """Whatever shakes or comes late hangs from the straps."""
    for hold in islice(executions(4), 12):
        rows = [row for row, on in zip((15, 16), hold.posture.holds, strict=True) if on]
        for time_s in np.linspace(0, hold.duration_s, 5):
            assert np.allclose(hold.points_m(float(time_s))[rows].mean(axis=0), 0, atol=1e-9)
