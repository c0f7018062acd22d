"""Which of the six poses a posture is, by the angles of the pose table.

A pose is reached when every joint is within the range of one of its variants, give or take
``TOLERANCE_DEG``. Labels of moves and routines begin and end there, whichever way the performer
takes, so the same posture has the same label everywhere. Head, wrists, feet and rotations of limbs
about their own length do not matter.
"""

import numpy as np
from numpy.typing import NDArray

from training.synthetic.figure.body import chest_axes, limb_axes
from training.synthetic.figure.posture import Arm, Leg, Posture
from training.synthetic.poses.limbs import OTHER
from training.synthetic.poses.straps_poses import STRAPS_VARIANTS
from training.synthetic.poses.variants import (
    AnyArm,
    ArmRange,
    LegRange,
    Range,
    Variant,
    arm_bearings,
)

TOLERANCE_DEG = 8.0
"""How far a joint may be outside the range of its pose. Two standard deviations of the difference
between left and right (`variants.SIDE_JITTER_DEG`), so a posture drawn from the table fits it."""


def label_of(posture: Posture, tolerance_deg: float = TOLERANCE_DEG) -> str:
    """The pose that a posture is, or "other".

    Args:
        posture: Any posture.
        tolerance_deg: How far each joint may be outside the range of its pose.
    """
    for seen in (posture, posture.mirrored()):
        arms = _Arms(seen)
        for variant in STRAPS_VARIANTS:
            if _is_variant(seen, arms, variant, tolerance_deg):
                return variant.label
    return OTHER


class _Arms:
    """Directions of the arms of a posture relative to gravity, computed when first needed."""

    def __init__(self, posture: Posture) -> None:
        self._posture = posture
        self._bearings: tuple[tuple[float, float], ...] | None = None

    def bearings_deg(self, number: int) -> tuple[float, float]:
        """Slope to the feet and outward lean of the left (0) or right (1) arm."""
        if self._bearings is None:
            chest = chest_axes(self._posture)
            arms = ((self._posture.left_arm, 1), (self._posture.right_arm, -1))
            self._bearings = tuple(
                _bearings(chest, -limb_axes(chest, arm, side)[:, 1], side) for arm, side in arms
            )
        return self._bearings[number]


def _bearings(
    chest: NDArray[np.float64], direction: NDArray[np.float64], side: int
) -> tuple[float, float]:
    """The lean from the vertical that `StrapArm` describes, of an arm ``(3,)`` that points up."""
    if direction[1] <= 0:
        return 180.0, 180.0
    along, outwards = arm_bearings(chest, side)
    level = direction / direction[1] * np.array([1.0, 0.0, 1.0])
    both = np.stack([along, outwards], axis=1)[[0, 2]]
    slope, outward = np.linalg.lstsq(both, level[[0, 2]], rcond=1e-3)[0]
    return float(np.degrees(np.arctan(slope))), float(np.degrees(np.arctan(outward)))


def _is_variant(posture: Posture, arms: _Arms, variant: Variant, tolerance_deg: float) -> bool:
    trunk = (
        (posture.pitch_back_deg, variant.pitch_back),
        (posture.lean_right_deg, variant.lean_right),
        (posture.twist_left_deg, variant.twist_left),
        (posture.spine_flexion_deg, variant.spine_flexion),
        (posture.spine_bend_right_deg, variant.spine_bend_right),
        (posture.spine_twist_left_deg, variant.spine_twist_left),
    )
    both_legs = variant.legs if isinstance(variant.legs, tuple) else (variant.legs, variant.legs)
    both_arms = variant.arms if isinstance(variant.arms, tuple) else (variant.arms, variant.arms)
    return (
        all(_within(angle, bounds, tolerance_deg) for angle, bounds in trunk)
        and _is_leg(posture.left_leg, both_legs[0], tolerance_deg)
        and _is_leg(posture.right_leg, both_legs[1], tolerance_deg)
        and _is_arm(posture.left_arm, arms, 0, both_arms[0], tolerance_deg)
        and _is_arm(posture.right_arm, arms, 1, both_arms[1], tolerance_deg)
    )


def _is_leg(leg: Leg, bounds: LegRange, tolerance_deg: float) -> bool:
    return (
        _within(leg.flexion_deg, bounds.flexion, tolerance_deg)
        and _within(leg.abduction_deg, bounds.abduction, tolerance_deg)
        and _within(leg.knee_deg, bounds.knee, tolerance_deg)
    )


def _is_arm(arm: Arm, arms: _Arms, number: int, bounds: AnyArm, tolerance_deg: float) -> bool:
    if not _within(arm.elbow_deg, bounds.elbow, tolerance_deg):
        return False
    if isinstance(bounds, ArmRange):
        return _within(arm.flexion_deg, bounds.flexion, tolerance_deg) and _within(
            arm.abduction_deg, bounds.abduction, tolerance_deg
        )
    slope, outward = arms.bearings_deg(number)
    return _within(slope, bounds.slope_to_feet, tolerance_deg) and _within(
        outward, bounds.outward, tolerance_deg
    )


def _within(angle_deg: float, bounds: Range, tolerance_deg: float) -> bool:
    """Whether an angle is in a range, give or take the tolerance and whole turns."""
    low = bounds[0] - tolerance_deg
    return (angle_deg - low) % 360.0 <= bounds[1] + tolerance_deg - low
