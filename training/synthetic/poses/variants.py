"""Entries of the pose table, and random postures drawn from them.

Every range is ``(low, high)`` in degrees, drawn uniformly; the terms are those of `posture`.
"""

from dataclasses import dataclass, replace

import numpy as np

from training.synthetic.figure.body import Points, chest_axes
from training.synthetic.figure.posture import Arm, Leg, Posture

Range = tuple[float, float]

SIDE_JITTER_DEG = 4.0
"""Difference between left and right (standard deviation) if both share one range."""


@dataclass(frozen=True)
class ArmRange:
    """An arm described by its joint angles."""

    flexion: Range = (-5, 15)
    abduction: Range = (2, 15)
    rotation: Range = (-25, 25)
    elbow: Range = (0, 15)
    wrist: Range = (-10, 15)


@dataclass(frozen=True)
class StrapArm:
    """An arm on the strap, described relative to gravity: it runs up from shoulder to hand.

    Attributes:
        slope_to_feet: Lean from the vertical towards the feet (towards the front of the chest if
            the torso is upright or upside down).
        outward: Lean away from the body's midline.
        elbow: Bend of the elbow.
        rotation: Rotation about the arm's own length.
    """

    slope_to_feet: Range = (-6, 10)
    outward: Range = (-8, 12)
    elbow: Range = (0, 10)
    rotation: Range = (-30, 30)


@dataclass(frozen=True)
class LegRange:
    """A leg described by its joint angles."""

    flexion: Range = (-4, 6)
    abduction: Range = (0, 8)
    rotation: Range = (-5, 20)
    knee: Range = (0, 8)
    toe_point: Range = (-5, 10)


AnyArm = ArmRange | StrapArm


@dataclass(frozen=True)
class Variant:
    """One variant of a pose.

    Attributes:
        name: Unique name.
        label: Label of the pose.
        weight: How often it is drawn, relative to the other variants of its label.
        pitch_back: Pitch of the torso: 0 upright, 90 face up, 180 upside down, 270 (or -90) face
            down.
        lean_right: Sideways lean of the torso.
        twist_left: Twist of the torso about its own length.
        spine_flexion: Rounding of the back; negative is an arch.
        spine_bend_right: Sideways bend of the spine.
        spine_twist_left: Twist of the shoulders to the left of the hips.
        head_nod: Nod of the head, chin to chest; negative looks up.
        head_turn_left: Turn of the head towards the left shoulder.
        head_tilt_right: Tilt of the head towards the right shoulder.
        arms: One range for both arms, or ``(left, right)``.
        legs: One range for both legs, or ``(left, right)``.
        holds: Whether the left and the right hand hold a strap.
        description: What it is, in a sentence that a coach could correct; empty if the name says
            it.
    """

    name: str
    label: str
    weight: float = 1.0
    pitch_back: Range = (-6, 6)
    lean_right: Range = (-6, 6)
    twist_left: Range = (-8, 8)
    spine_flexion: Range = (-8, 12)
    spine_bend_right: Range = (-6, 6)
    spine_twist_left: Range = (-8, 8)
    head_nod: Range = (-15, 25)
    head_turn_left: Range = (-30, 30)
    head_tilt_right: Range = (-10, 10)
    arms: AnyArm | tuple[AnyArm, AnyArm] = ArmRange()
    legs: LegRange | tuple[LegRange, LegRange] = LegRange()
    holds: tuple[bool, bool] = (False, False)
    description: str = ""


def _draw(rng: np.random.Generator, bounds: Range) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * float(rng.random())


def _arm(rng: np.random.Generator, spec: ArmRange) -> Arm:
    return Arm(
        flexion_deg=_draw(rng, spec.flexion),
        abduction_deg=_draw(rng, spec.abduction),
        rotation_deg=_draw(rng, spec.rotation),
        elbow_deg=_draw(rng, spec.elbow),
        wrist_deg=_draw(rng, spec.wrist),
    )


def _leg(rng: np.random.Generator, spec: LegRange) -> Leg:
    return Leg(
        flexion_deg=_draw(rng, spec.flexion),
        abduction_deg=_draw(rng, spec.abduction),
        rotation_deg=_draw(rng, spec.rotation),
        knee_deg=_draw(rng, spec.knee),
        toe_point_deg=_draw(rng, spec.toe_point),
    )


def arm_bearings(chest: Points, side: int) -> tuple[Points, Points]:
    """The horizontal directions ``(3,)`` in which a `StrapArm` leans: to the feet, and outwards.

    Args:
        chest: ``(3, 3)`` axes of the chest.
        side: +1 for the left arm, -1 for the right.
    """
    level = np.array([1.0, 0.0, 1.0])
    feet, front = -chest[:, 1] * level, chest[:, 2] * level
    along = feet if np.linalg.norm(feet) > 0.45 else front
    return along / max(float(np.linalg.norm(along)), 1e-6), side * chest[:, 0] * level


def _hung_arm(rng: np.random.Generator, spec: StrapArm, trunk: Posture, side: int) -> Arm:
    """Shoulder angles that point the arm in the drawn direction, whatever the torso does."""
    axes = chest_axes(trunk)
    along, outwards = arm_bearings(axes, side)
    direction = (
        np.array([0.0, 1.0, 0.0])
        + np.tan(np.radians(_draw(rng, spec.slope_to_feet))) * along
        + np.tan(np.radians(_draw(rng, spec.outward))) * outwards
    )
    left, up, front_part = axes.T @ (direction / np.linalg.norm(direction))
    flexion = float(np.degrees(np.arctan2(front_part, -up)))
    return Arm(
        # This is beyond overhead, not impossibly far behind the back.
        flexion_deg=flexion + 360.0 if flexion < -140.0 else flexion,
        abduction_deg=float(np.degrees(np.arcsin(np.clip(side * left, -1.0, 1.0)))),
        rotation_deg=_draw(rng, spec.rotation),
        elbow_deg=_draw(rng, spec.elbow),
    )


def _jittered(rng: np.random.Generator, limb: Arm | Leg) -> dict[str, float]:
    return {
        "flexion_deg": limb.flexion_deg + float(rng.normal(0, SIDE_JITTER_DEG)),
        "abduction_deg": limb.abduction_deg + float(rng.normal(0, SIDE_JITTER_DEG / 2)),
    }


def _both_arms(rng: np.random.Generator, variant: Variant, trunk: Posture) -> tuple[Arm, Arm]:
    if isinstance(variant.arms, ArmRange):
        left = _arm(rng, variant.arms)
        return left, replace(left, **_jittered(rng, left))
    pair = variant.arms if isinstance(variant.arms, tuple) else (variant.arms, variant.arms)
    drawn = [
        _arm(rng, spec) if isinstance(spec, ArmRange) else _hung_arm(rng, spec, trunk, side)
        for spec, side in zip(pair, (1, -1), strict=True)
    ]
    return drawn[0], drawn[1]


def _both_legs(rng: np.random.Generator, variant: Variant) -> tuple[Leg, Leg]:
    if isinstance(variant.legs, tuple):
        return _leg(rng, variant.legs[0]), _leg(rng, variant.legs[1])
    left = _leg(rng, variant.legs)
    return left, replace(left, **_jittered(rng, left))


def draw_posture(rng: np.random.Generator, variant: Variant) -> Posture:
    """A random posture of the variant, mirrored half of the time."""
    posture = draw_side(rng, variant)
    return posture.mirrored() if rng.random() < 0.5 else posture


def draw_side(rng: np.random.Generator, variant: Variant) -> Posture:
    """A random posture of the variant as it is described: one-arm poses hang from the left arm."""
    trunk = Posture(
        pitch_back_deg=_draw(rng, variant.pitch_back),
        lean_right_deg=_draw(rng, variant.lean_right),
        twist_left_deg=_draw(rng, variant.twist_left),
        spine_flexion_deg=_draw(rng, variant.spine_flexion),
        spine_bend_right_deg=_draw(rng, variant.spine_bend_right),
        spine_twist_left_deg=_draw(rng, variant.spine_twist_left),
        head_nod_deg=_draw(rng, variant.head_nod),
        head_turn_left_deg=_draw(rng, variant.head_turn_left),
        head_tilt_right_deg=_draw(rng, variant.head_tilt_right),
    )
    left_arm, right_arm = _both_arms(rng, variant, trunk)
    left_leg, right_leg = _both_legs(rng, variant)
    return replace(
        trunk,
        left_arm=left_arm,
        right_arm=right_arm,
        left_leg=left_leg,
        right_leg=right_leg,
        left_holds=variant.holds[0],
        right_holds=variant.holds[1],
    )
