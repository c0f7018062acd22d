"""Whole routines as landmarks without pixels: one sequence of poses, performed by many bodies.

Every performance of a routine has a body, a camera and a tempo of its own, may rest, and may leave
out a pose. Its moments are known exactly, so the search for them can be scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_COUNT, LandmarkTrack, empty_landmarks
from training.synthetic.detector_noise import observe
from training.synthetic.figure.body import Body, figure_m
from training.synthetic.figure.posture import Posture
from training.synthetic.performance import steady
from training.synthetic.poses.table import (
    VARIANTS,
    difference_deg,
    eased,
    interpolate,
    variant_named,
)
from training.synthetic.poses.variants import Range, draw_posture
from training.synthetic.rendering.camera import look_at, project, to_world
from training.synthetic.samples import random_shot

HOLD_S: Range = (1.5, 3.5)
MOVE_S: Range = (0.8, 1.6)
TEMPO: Range = (0.7, 1.4)
"""Duration of a performance against the routine's; each part differs by `PART_TEMPO` more."""

PART_TEMPO: Range = (0.8, 1.25)
REST_S: Range = (2.0, 6.0)
MARGIN_S: Range = (0.5, 6.0)
"""Standing about before the first pose and after the last one."""

DIFFERENCE_DEG = 60.0
"""Neighbouring poses differ by this much in a large joint: otherwise there is no moment to find."""

ERROR_LASTS_S = 0.2
"""A tracker's errors last: they are drawn this often and interpolated between."""

POSE_REACHED = 0.85
"""A pose counts as reached when this share of the eased move into it is done."""

# The share of the move's time at which it is: 3 s² − 2 s³ = POSE_REACHED.
_SHARES = np.linspace(0.0, 1.0, 1001)
_REACHED_AT = float(np.interp(POSE_REACHED, [eased(share) for share in _SHARES], _SHARES))
_FIRST = "standing"


@dataclass(frozen=True)
class Part:
    """One pose of a routine: the name of its variant, and its usual times in seconds."""

    variant: str
    move_s: float
    hold_s: float


@dataclass(frozen=True)
class Performance:
    """One performance of a routine.

    Attributes:
        track: Landmarks as a detector might report them.
        moments_s: ``(n parts,)`` time at which each pose is reached; NaN where it was left out.
    """

    track: LandmarkTrack
    moments_s: NDArray[np.float64]


def random_routine(rng: np.random.Generator, n_poses: int = 8) -> tuple[Part, ...]:
    """A random sequence of poses on the straps; each differs clearly from the two before it."""
    hangs = [variant for variant in VARIANTS if any(variant.holds)]
    by_label: dict[str, list[str]] = {}
    for variant in hangs:
        by_label.setdefault(variant.label, []).append(variant.name)
    parts: list[Part] = []
    while len(parts) < n_poses:
        names = by_label[list(by_label)[int(rng.integers(len(by_label)))]]
        name = names[int(rng.integers(len(names)))]
        if all(_differ(name, part.variant) for part in parts[-2:]):
            parts.append(Part(name, float(rng.uniform(*MOVE_S)), float(rng.uniform(*HOLD_S))))
    return tuple(parts)


@cache
def _usual(name: str) -> Posture:
    """The posture of a variant; which one it draws does not matter here."""
    return upright(draw_posture(np.random.default_rng(0), steady(variant_named(name))))


def _differ(name: str, other: str) -> bool:
    return difference_deg(_usual(name), _usual(other)) >= DIFFERENCE_DEG


@dataclass(frozen=True)
class _Key:
    """A posture held from ``start_s`` to ``end_s``; ``part`` is its place in the routine."""

    posture: Posture
    start_s: float
    end_s: float
    part: int | None


def perform(
    routine: Sequence[Part],
    rng: np.random.Generator,
    leave_out: int | None = None,
    rests: int = 0,
    fps: float = 25.0,
    source: str = "performance",
) -> Performance:
    """Perform a routine.

    Args:
        routine: Poses in order.
        rng: Source of the body, the camera, the tempo and the errors of the detector.
        leave_out: Position of a pose that is left out.
        rests: How many of the poses are held for ``REST_S`` longer.
        fps: Frames per second of the recording.
        source: Name of the recording.
    """
    body, shot = Body.random(rng), random_shot(rng)
    keys = _keys(routine, rng, leave_out, rests)
    shot = replace(shot, pitch_up_deg=float(rng.uniform(-5, 20)), fill=0.9)
    every = np.concatenate([figure_m(body, key.posture) for key in keys])
    camera = look_at(every, shot, float(rng.uniform(-75, 75)))
    pts_s = np.arange(0.0, keys[-1].end_s, 1 / fps)
    exact = [figure_m(body, _posture_at(keys, time_s))[:LANDMARK_COUNT] for time_s in pts_s]
    images = np.stack([project(points, camera) for points in exact])
    worlds = np.stack([to_world(points, camera) for points in exact])
    image, world = _observed(rng, pts_s, images, worlds, camera.aspect)
    moments_s = np.full(len(routine), np.nan)
    for before, key in pairwise(keys):
        if key.part is not None:
            moments_s[key.part] = before.end_s + _REACHED_AT * (key.start_s - before.end_s)
    track = LandmarkTrack(source, shot.width, shot.height, pts_s, image, world)
    return Performance(track, moments_s)


def _keys(
    routine: Sequence[Part], rng: np.random.Generator, leave_out: int | None, rests: int
) -> list[_Key]:
    tempo = float(rng.uniform(*TEMPO))
    resting = set(rng.choice(len(routine), size=rests, replace=False).tolist())
    standing = draw_posture(rng, variant_named(_FIRST))
    clock_s = float(rng.uniform(*MARGIN_S))
    keys = [_Key(standing, 0.0, clock_s, None)]
    for number, part in enumerate(routine):
        pace = tempo * float(rng.uniform(*PART_TEMPO))
        rest_s = float(rng.uniform(*REST_S)) if number in resting else 0.0
        posture = upright(draw_posture(rng, steady(variant_named(part.variant))))
        if number == leave_out:
            continue
        start_s = clock_s + pace * part.move_s
        clock_s = start_s + pace * part.hold_s + rest_s
        keys.append(_Key(posture, start_s, clock_s, number))
    start_s = clock_s + tempo * MOVE_S[1]
    keys.append(_Key(standing, start_s, start_s + float(rng.uniform(*MARGIN_S)), None))
    return keys


def upright(posture: Posture) -> Posture:
    """The posture with its strap arm on the left: the whole routine is performed on one side."""
    return posture.mirrored() if posture.holds == (False, True) else posture


def _posture_at(keys: Sequence[_Key], time_s: float) -> Posture:
    index = max(number for number, key in enumerate(keys) if key.start_s <= time_s)
    key = keys[index]
    if time_s <= key.end_s or index + 1 == len(keys):
        return key.posture
    after = keys[index + 1]
    share = (time_s - key.end_s) / (after.start_s - key.end_s)
    return interpolate(key.posture, after.posture, eased(share))


def _observed(
    rng: np.random.Generator,
    pts_s: NDArray[np.float64],
    images: NDArray[np.float64],
    worlds: NDArray[np.float64],
    aspect: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The landmarks ``(n, 33, 5)`` and ``(n, 33, 3)`` with errors that last."""
    image, world = empty_landmarks(len(pts_s))
    step = max(1, round(ERROR_LASTS_S / (pts_s[1] - pts_s[0])))
    knots = np.unique([*range(0, len(pts_s), step), len(pts_s) - 1])
    seen = [observe(rng, images[knot], worlds[knot], aspect) for knot in knots]
    errors = np.stack(
        [
            np.concatenate([s[0][:, :3] - images[k], s[1] - worlds[k]], axis=1)
            for s, k in zip(seen, knots, strict=True)
        ]
    )
    visible = np.stack([s[0][:, 3:] for s in seen])
    place = np.clip(
        np.searchsorted(knots, np.arange(len(pts_s)), side="right") - 1, 0, len(knots) - 2
    )
    share = (np.arange(len(pts_s)) - knots[place]) / (knots[place + 1] - knots[place])
    share = share[:, None, None]
    error = (1 - share) * errors[place] + share * errors[place + 1]
    image[..., :3] = images + error[..., :3]
    image[..., 3:] = (1 - share) * visible[place] + share * visible[place + 1]
    world[...] = worlds + error[..., 3:]
    return image, world
