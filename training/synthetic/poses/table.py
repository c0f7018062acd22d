"""The pose table: every variant of every label, and random postures drawn from it.

The angles are in `straps_poses` (the six poses, for a straps artist to check) and `other_poses`
(everything else).
"""

from functools import cache

import numpy as np

from training.synthetic.figure.posture import Arm, Leg, Posture, interpolate
from training.synthetic.poses.geometry import label_of
from training.synthetic.poses.limbs import OTHER
from training.synthetic.poses.other_poses import OTHER_VARIANTS
from training.synthetic.poses.straps_poses import STRAPS_VARIANTS
from training.synthetic.poses.variants import Variant, draw_posture

__all__ = [
    "LABELS",
    "OTHER",
    "VARIANTS",
    "Arm",
    "Leg",
    "Posture",
    "Variant",
    "eased",
    "interpolate",
    "label_of",
    "on_the_way",
    "random_hang",
    "random_posture",
    "variant_named",
]

VARIANTS: tuple[Variant, ...] = (*STRAPS_VARIANTS, *OTHER_VARIANTS)

LABELS: tuple[str, ...] = (
    "meathook",
    "reverse meathook",
    "nutcracker",
    "l-hang",
    "back lever",
    "front lever",
    OTHER,
)

TRANSITION_SHARE = 0.3
"""Share of "other" postures that are in transition between two postures."""

TRANSITION_CLEARANCE_DEG = 18.0
"""A transition must be further than this from every pose in at least one joint; otherwise the label
of the pose would fit as well."""


@cache
def _choices(label: str) -> tuple[tuple[Variant, ...], tuple[float, ...]]:
    variants = tuple(variant for variant in VARIANTS if variant.label == label)
    if not variants:
        raise ValueError(f"No pose is labelled {label!r}; expected one of {', '.join(LABELS)}.")
    total = sum(variant.weight for variant in variants)
    shares = np.cumsum([variant.weight / total for variant in variants])
    return variants, tuple(float(share) for share in shares)


def variant_named(name: str) -> Variant:
    """The table entry with a name."""
    return next(variant for variant in VARIANTS if variant.name == name)


def _draw_label(rng: np.random.Generator, label: str) -> Posture:
    """A posture of one of the label's variants that has the label's geometry, and no other's."""
    variants, cumulative = _choices(label)
    while True:
        index = int(np.searchsorted(cumulative, rng.random() * cumulative[-1]))
        posture = draw_posture(rng, variants[min(index, len(variants) - 1)])
        if label_of(posture) == label:
            return posture


def _large_joints_deg(posture: Posture) -> list[float]:
    limbs = [
        angle
        for limb in (posture.left_arm, posture.right_arm, posture.left_leg, posture.right_leg)
        for angle in (limb.flexion_deg, limb.abduction_deg)
    ]
    knees = [posture.left_leg.knee_deg, posture.right_leg.knee_deg]
    return [posture.pitch_back_deg, posture.lean_right_deg, *limbs, *knees]


def difference_deg(a: Posture, b: Posture) -> float:
    """The largest difference in a large joint, or in the direction of the trunk."""
    return float(np.max(np.abs(np.subtract(_large_joints_deg(a), _large_joints_deg(b)))))


def _transition(rng: np.random.Generator) -> Posture:
    """The middle (15-85 %) of a move between two postures, at least one of them on the straps."""
    straps = LABELS[:-1]
    while True:
        a = _draw_label(rng, straps[int(rng.integers(len(straps)))])
        end = OTHER if rng.random() < 0.6 else straps[int(rng.integers(len(straps)))]
        b = _draw_label(rng, end)
        middle = interpolate(a, b, float(rng.uniform(0.15, 0.85)))
        if label_of(middle, TRANSITION_CLEARANCE_DEG) == OTHER:
            return middle


def random_posture(rng: np.random.Generator, label: str) -> Posture:
    """A random posture with a label; left and right are equally likely.

    Raises:
        ValueError: The label is not in the table.
    """
    if label == OTHER and rng.random() < TRANSITION_SHARE:
        return _transition(rng)
    return _draw_label(rng, label)


def random_hang(rng: np.random.Generator) -> Posture:
    """A random "other" posture on the straps; left and right are equally likely."""
    hangs = [variant for variant in VARIANTS if variant.label == OTHER and any(variant.holds)]
    weights = np.array([variant.weight for variant in hangs])
    while True:
        chosen = hangs[int(rng.choice(len(hangs), p=weights / weights.sum()))]
        posture = draw_posture(rng, chosen)
        if label_of(posture) == OTHER:
            return posture


def eased(share: float) -> float:
    """A share of time as a share of movement with a smooth start and stop: 3 s^2 - 2 s^3."""
    return share * share * (3 - 2 * share)


def on_the_way(start: Posture, end: Posture, share: float) -> tuple[Posture, str]:
    """The posture and label after a share (0 to 1) of the time of a move from one to another.

    The label is that of the posture's geometry, wherever the move comes from and goes to.
    """
    posture = interpolate(start, end, eased(share))
    return posture, label_of(posture)
