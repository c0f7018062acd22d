"""Holds of the six poses with known faults: what a scorer is trained and tested on.

Each fault is set on its own, in the unit in which a coach would name it. Everything that is not a
fault (camera, body, clothes, arms within their range, straddle, sway) varies as it does between
performers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np

from shared_features.landmarks.landmarks import LANDMARK_COUNT, LANDMARK_INDEX
from shared_features.scoring.ideals import IDEALS, PoseIdeal
from training.synthetic.figure.body import Body, Points, figure_m
from training.synthetic.figure.posture import Posture
from training.synthetic.poses.straps_poses import STRAPS_VARIANTS
from training.synthetic.poses.table import eased, interpolate
from training.synthetic.poses.variants import (
    AnyArm,
    LegRange,
    Range,
    StrapArm,
    Variant,
    draw_side,
)

SHAKES_PER_S: Range = (2.0, 4.0)
"""Frequency of a tremor: too fast for a swing."""

FROM_DEG = 32.0
"""How far below its final position the body is when it comes into a pose late."""

# Trunk, head and legs shake as one; the hands stay where they are, and the elbows are in between.
_SHAKING = np.ones(LANDMARK_COUNT + 1)
for _side in ("LEFT", "RIGHT"):
    _SHAKING[LANDMARK_INDEX[f"{_side}_ELBOW"]] = 0.5
    for _part in ("WRIST", "PINKY", "INDEX", "THUMB"):
        _SHAKING[LANDMARK_INDEX[f"{_side}_{_part}"]] = 0.0

_HANDS = [LANDMARK_INDEX["LEFT_WRIST"], LANDMARK_INDEX["RIGHT_WRIST"]]


@dataclass(frozen=True)
class KnownFaults:
    """The faults of one hold; 0 is perfect.

    Attributes:
        hips_deg: Hips below the line from shoulders to knees (negative: above it). In an l-hang and
            a nutcracker: legs lower than they should be.
        tilt_deg: Line of the body below level, at the feet. In an l-hang: torso off the vertical.
        knees_deg: Bend of the left and the right knee.
        elbows_deg: Bend of the left and the right elbow.
        uneven_deg: Left leg lower than the right one (negative: higher).
        shake_cm: Amplitude with which the hips move against the hands.
        late_s: Time from the start of the hold until the body has arrived.
    """

    hips_deg: float = 0.0
    tilt_deg: float = 0.0
    knees_deg: tuple[float, float] = (0.0, 0.0)
    elbows_deg: tuple[float, float] = (0.0, 0.0)
    uneven_deg: float = 0.0
    shake_cm: float = 0.0
    late_s: float = 0.0

    def mirrored(self) -> Self:
        """The same faults with left and right exchanged."""
        return replace(
            self,
            knees_deg=self.knees_deg[::-1],
            elbows_deg=self.elbows_deg[::-1],
            uneven_deg=-self.uneven_deg,
        )


@dataclass(frozen=True)
class Execution:
    """A hold of one performer.

    Attributes:
        label: Pose.
        body: Measurements of the performer.
        faults: What is wrong with the hold.
        posture: Posture when it is settled.
        start: Posture at the start of the hold; the same, unless it is reached late.
        duration_s: Duration of the hold.
        shakes_per_s: Frequency of the tremor.
    """

    label: str
    body: Body
    faults: KnownFaults
    posture: Posture
    start: Posture
    duration_s: float
    shakes_per_s: float = field(default=3.0)

    @cached_property
    def _settled(self) -> Points:
        return figure_m(self.body, self.posture)

    def points_m(self, time_s: float) -> Points:
        """The figure ``(34, 3)`` after a time, moved so that its hands stay where they are."""
        points = self._settled
        if time_s < self.faults.late_s:
            share = eased(time_s / self.faults.late_s)
            points = figure_m(self.body, interpolate(self.start, self.posture, share))
        hands = points[_HANDS][list(self.posture.holds)].mean(axis=0)
        shake_m = self.faults.shake_cm / 100 * np.sin(2 * np.pi * self.shakes_per_s * time_s)
        shaken: Points = points - hands
        shaken[:, 1] += shake_m * _SHAKING
        return shaken


def executions(seed: int, labels: tuple[str, ...] = tuple(IDEALS)) -> Iterator[Execution]:
    """Random holds, one performer each, without end; about an eighth of them flawless."""
    for number in range(2**31):
        rng = np.random.default_rng(np.random.SeedSequence([seed, 5, number]))
        label = labels[int(rng.integers(len(labels)))]
        yield execution(rng, label, random_faults(rng, IDEALS[label]))


def random_faults(rng: np.random.Generator, ideal: PoseIdeal) -> KnownFaults:
    """Faults as they come: mostly one or two, seldom three, in any size."""

    def size(largest: float) -> float:
        return float(largest * rng.beta(1.4, 1.4))

    def signed(largest: float) -> float:
        return size(largest) * (1 if rng.random() < 0.7 else -1)

    kinds = ["shake_cm", "late_s", "elbows_deg"]
    kinds += ["hips_deg"] * 2 if ideal.hip_deg is not None else []
    kinds += ["tilt_deg"] if ideal.has_tilt else []
    kinds += ["knees_deg"] * 2
    kinds += ["uneven_deg"] if ideal.symmetrical else []
    count = int(rng.choice(4, p=(0.12, 0.34, 0.34, 0.2)))
    chosen = set(rng.permutation(kinds)[:count].tolist())
    values: dict[str, object] = {}
    if "hips_deg" in chosen:
        values["hips_deg"] = size(40.0) if _folds(ideal) else signed(40.0)
    if "tilt_deg" in chosen:
        values["tilt_deg"] = signed(30.0)
    for kind, largest in (("knees_deg", 70.0), ("elbows_deg", 70.0)):
        if kind in chosen:
            both = size(largest)
            other = both + float(rng.normal(0, 3)) if rng.random() < 0.6 else 0.0
            pair = (both, max(0.0, other))
            values[kind] = pair if rng.random() < 0.5 else pair[::-1]
    if "uneven_deg" in chosen:
        values["uneven_deg"] = size(35.0) * (1 if rng.random() < 0.5 else -1)
    if "shake_cm" in chosen:
        values["shake_cm"] = size(8.0)
    if "late_s" in chosen:
        values["late_s"] = 0.3 + size(1.5)
    return KnownFaults(**values)  # type: ignore[arg-type]  # names come from the fields themselves


def _folds(ideal: PoseIdeal) -> bool:
    """Whether the legs of a pose can only be too low, not too high."""
    return ideal.hip_deg is not None and ideal.hip_deg < 60


def execution(
    rng: np.random.Generator, label: str, faults: KnownFaults, duration_s: float | None = None
) -> Execution:
    """A hold with given faults by a random performer."""
    body = Body.random(rng)
    variant = _variant(rng, label)
    seed, mirrored = int(rng.integers(2**31)), bool(rng.random() < 0.5)

    def posture(faults: KnownFaults) -> Posture:
        # The same draw, so that only the faults differ.
        faults = faults.mirrored() if mirrored else faults
        drawn = draw_side(np.random.default_rng(seed), _faulty(variant, faults, body))
        return drawn.mirrored() if mirrored else drawn

    lower = replace(faults, tilt_deg=faults.tilt_deg + FROM_DEG)
    if not IDEALS[label].has_tilt:
        lower = replace(faults, hips_deg=faults.hips_deg + FROM_DEG)
    if IDEALS[label].hip_deg is None:
        lower = replace(faults, knees_deg=(70.0, 70.0))
    return Execution(
        label,
        body,
        faults,
        posture(faults),
        posture(lower) if faults.late_s else posture(faults),
        duration_s or float(rng.uniform(2.0, 4.0)),
        float(rng.uniform(*SHAKES_PER_S)),
    )


# Variants of a pose in which legs, hips or back are not as a judge wants them.
_FAULTY = ("bent", "tuck", "stag", "split", "slightly", "sagging")


def _variant(rng: np.random.Generator, label: str) -> Variant:
    """A variant of the pose with straight legs, trunk near mid-range, nothing else at fault."""
    straight = [
        variant
        for variant in STRAPS_VARIANTS
        if variant.label == label and not any(word in variant.name for word in _FAULTY)
    ]
    weights = np.array([variant.weight for variant in straight])
    variant = straight[int(rng.choice(len(straight), p=weights / weights.sum()))]
    return replace(
        variant,
        spine_flexion=_middle(variant.spine_flexion),
        lean_right=_middle(variant.lean_right),
        twist_left=_middle(variant.twist_left),
    )


def _middle(bounds: Range, share: float = 0.25) -> Range:
    centre, half = (bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 2 * share
    return centre - half, centre + half


def _faulty(variant: Variant, faults: KnownFaults, body: Body) -> Variant:
    """The variant with the trunk, legs and arms that make exactly these faults."""
    ideal, label = IDEALS[variant.label], variant.label
    pitch, flexion = variant.pitch_back, None
    thigh_share = body.thigh_m / (body.thigh_m + body.torso_m)
    if label in ("front lever", "back lever"):
        # Torso and thighs bend at the hips; the line from shoulders to knees keeps its tilt.
        down = faults.hips_deg * thigh_share + faults.tilt_deg
        if label == "front lever":
            pitch, flexion = _exactly(90 - down), faults.hips_deg
        else:
            pitch, flexion = _exactly(270 + down), -faults.hips_deg
    elif label == "l-hang":
        pitch = _exactly(faults.tilt_deg)
        flexion = 90 - faults.hips_deg - faults.tilt_deg
    elif ideal.hip_deg is not None:
        flexion = 180 - ideal.hip_deg - faults.hips_deg
    legs = variant.legs if isinstance(variant.legs, tuple) else (variant.legs, variant.legs)
    arms = variant.arms if isinstance(variant.arms, tuple) else (variant.arms, variant.arms)
    (left_knee, right_knee), (left_elbow, right_elbow) = faults.knees_deg, faults.elbows_deg
    # "Lower" is less flexion, except face down.
    lower = (-1 if label != "back lever" else 1) * faults.uneven_deg / 2
    return replace(
        variant,
        pitch_back=pitch,
        legs=(
            _leg(legs[0], flexion, left_knee, lower),
            _leg(legs[1], flexion, right_knee, -lower),
        ),
        arms=(_arm(arms[0], left_elbow), _arm(arms[1], right_elbow)),
    )


def _leg(leg: LegRange, flexion: float | None, knee: float, offset: float) -> LegRange:
    bounds = leg.flexion if flexion is None else _exactly(flexion)
    return replace(
        leg,
        flexion=(bounds[0] + offset, bounds[1] + offset),
        abduction=_middle(leg.abduction),
        knee=_exactly(knee),
    )


def _arm(arm: AnyArm, elbow: float) -> AnyArm:
    return replace(arm, elbow=_exactly(elbow)) if isinstance(arm, StrapArm) else arm


def _exactly(value: float) -> Range:
    return value, value
