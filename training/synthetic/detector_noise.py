"""Adds a detector's errors to exact landmarks: jitter, depth error, left-right swaps, visibility.

Their sizes were measured by running MediaPipe Pose (full) on rendered frames with known landmarks;
see `observe`.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_COUNT, LANDMARK_INDEX, LANDMARK_NAMES

Points = NDArray[np.float64]
Float32 = NDArray[np.float32]

FACE = LANDMARK_NAMES[:11]

# Error that each joint adds to its parent's: standard deviation in torso lengths, in the image
# plane and in depth. Errors grow along a limb because the detector rotates whole limbs.
CHAINS: dict[str, tuple[str | None, float, float]] = {
    "HIP": (None, 0.045, 0.045),
    "SHOULDER": (None, 0.085, 0.20),
    "ELBOW": ("SHOULDER", 0.08, 0.20),
    "WRIST": ("ELBOW", 0.10, 0.42),
    "PINKY": ("WRIST", 0.11, 0.16),
    "INDEX": ("WRIST", 0.11, 0.16),
    "THUMB": ("WRIST", 0.07, 0.12),
    "KNEE": ("HIP", 0.10, 0.28),
    "ANKLE": ("KNEE", 0.14, 0.58),
    "HEEL": ("ANKLE", 0.06, 0.14),
    "FOOT_INDEX": ("ANKLE", 0.13, 0.26),
}
FACE_ERROR = (0.06, 0.16)
"""Error that the face adds to that of the shoulders; its landmarks move together."""


def _rows(parts: tuple[str, ...], side: str) -> list[int]:
    return [LANDMARK_INDEX[f"{side}_{part}"] for part in parts]


ARM = ("ELBOW", "WRIST", "PINKY", "INDEX", "THUMB")
LEG = ("KNEE", "ANKLE", "HEEL", "FOOT_INDEX")
LIMBS = tuple(_rows(parts, side) for parts in (ARM, LEG) for side in ("LEFT", "RIGHT"))
HIPS = _rows(("HIP",), "LEFT") + _rows(("HIP",), "RIGHT")
SHOULDERS = _rows(("SHOULDER",), "LEFT") + _rows(("SHOULDER",), "RIGHT")


def _swap(rng: np.random.Generator, image: Points, world: Points) -> None:
    """Swap left and right as the detector does on bodies that are side-on or upside down."""
    torso = world[SHOULDERS].mean(axis=0) - world[HIPS].mean(axis=0)
    inverted = torso[1] > 0  # y points down
    across = world[SHOULDERS[0]] - world[SHOULDERS[1]]
    side_on = abs(across[2]) > 0.75 * float(np.linalg.norm(across))
    chance = 0.015 + 0.03 * float(inverted) + 0.03 * float(side_on)
    groups: tuple[tuple[str, ...], ...] = (("SHOULDER", *ARM), ("HIP", *LEG))
    if rng.random() < 0.25 * chance:  # the whole body at once
        groups = ((*groups[0], *groups[1]),)
        chance = 1.0
    for parts in groups:
        if rng.random() < chance:
            left, right = _rows(parts, "LEFT"), _rows(parts, "RIGHT")
            image[left + right] = image[right + left]
            world[left + right] = world[right + left]


def _misplace_limb(rng: np.random.Generator, image: Points, world: Points) -> None:
    """Occasionally misplace the outer part of a limb, or put it on the opposite limb."""
    for limb in LIMBS:
        fate = rng.random()
        if fate < 0.03:  # shortened or stretched
            factor = rng.uniform(0.4, 1.3)
            for points in (image, world):
                anchor = points[limb[0]].copy()
                points[limb] = anchor + factor * (points[limb] - anchor)
        elif fate < 0.045:  # mistaken for the opposite limb
            other = LIMBS[LIMBS.index(limb) ^ 1]
            image[limb] = image[other]
            world[limb] = world[other]


def _hidden(image: Points, world: Points) -> Points:
    """How hidden each landmark is ``(33,)``, 0..1: behind the trunk, or outside the frame."""
    trunk = SHOULDERS + HIPS
    low, high = world[trunk].min(axis=0) - 0.05, world[trunk].max(axis=0) + 0.05
    across = np.all((world[:, :2] > low[:2]) & (world[:, :2] < high[:2]), axis=1)
    behind = across & (world[:, 2] > world[trunk, 2].mean() + 0.05)
    outside = np.any((image[:, :2] < 0) | (image[:, :2] > 1), axis=1)
    hidden: Points = np.maximum(0.75 * behind, 0.95 * outside)
    return hidden


def _errors(rng: np.random.Generator, hidden: Points) -> Points:
    """Displacement ``(33, 3)`` of each landmark in torso lengths: right, down, away."""
    error = np.zeros((LANDMARK_COUNT, 3))
    draws = rng.normal(size=(2, len(CHAINS), 3))
    for side, prefix in enumerate(("LEFT", "RIGHT")):
        for (part, (parent, across, depth)), draw in zip(CHAINS.items(), draws[side], strict=True):
            row = LANDMARK_INDEX[f"{prefix}_{part}"]
            more = 1 + 1.2 * hidden[row]
            error[row] = draw * (across * more, across * more, depth * more)
            if parent is not None:
                error[row] += 0.8 * error[LANDMARK_INDEX[f"{prefix}_{parent}"]]
    across, depth = FACE_ERROR
    head = error[SHOULDERS].mean(axis=0) + rng.normal(size=3) * (across, across, depth)
    error[: len(FACE)] = head + 0.012 * rng.normal(size=(len(FACE), 3))
    return error


def observe(
    rng: np.random.Generator, image: Points, world: Points, aspect: float = 1.0
) -> tuple[Float32, Float32]:
    """Landmarks as a detector might report them, given the exact ones.

    Args:
        rng: Source of randomness.
        image: ``(33, 3)`` true image landmarks: x, y fractions of the frame, z scaled like x.
        world: ``(33, 3)`` true world landmarks: metres, hip-centred, camera axes.
        aspect: Width over height of the frame.

    Returns:
        image ``(33, 5)`` float32 (x, y, z, visibility, presence) and world ``(33, 3)`` float32.
    """
    image, world = image.copy(), world.copy()
    hidden = _hidden(image, world)
    _swap(rng, image, world)
    _misplace_limb(rng, image, world)
    torso_m = float(np.linalg.norm(world[SHOULDERS].mean(axis=0) - world[HIPS].mean(axis=0)))
    # Width of the frame in metres at the performer; image and world errors have the same cause.
    spread = np.ptp(world[:, :2], axis=0).sum()
    frame_m = float(spread / max(np.ptp(image[:, 0]) + np.ptp(image[:, 1]) / aspect, 1e-3))
    # A detection is better or worse as a whole; a few are much worse.
    quality = float(rng.lognormal(-0.15, 0.55))
    error_m = quality * torso_m * _errors(rng, hidden)
    # Depth is also stretched or flattened as a whole.
    depth_gain = float(rng.normal(0.9, 0.15))
    noisy = world * np.array([1.0, 1.0, depth_gain]) + error_m
    noisy = (noisy - noisy[HIPS].mean(axis=0)) * float(rng.normal(0.93, 0.08))
    seen = image + error_m / frame_m * np.array([1.0, aspect, 1.0])
    seen[:, 2] = image[:, 2] * depth_gain + error_m[:, 2] / frame_m
    visibility = np.clip(1 - hidden + rng.normal(0, 0.06, LANDMARK_COUNT) - 0.03, 0.01, 0.9999)
    presence = np.clip(visibility + 0.6 * (1 - visibility) * rng.random(LANDMARK_COUNT), 0, 0.9999)
    full = np.concatenate([seen, visibility[:, None], presence[:, None]], axis=1)
    return full.astype(np.float32), noisy.astype(np.float32)
