"""Joint positions in the torso's own axes, and the direction of gravity in them.

From every side a camera sees the same numbers, so a pose need not be learned again for every side.
They depend on the depth of the landmarks, the least certain of all coordinates.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.features.points import WORLD, PointArray, indices

_JOINTS = (
    *(
        f"{side}_{part}"
        for part in ("ELBOW", "WRIST", "KNEE", "ANKLE")
        for side in ("LEFT", "RIGHT")
    ),
    "NOSE",
)
AXES = ("across", "up", "front")
COLUMNS: tuple[str, ...] = (
    *(f"torso_{joint.lower()}_{axis}" for axis in AXES for joint in _JOINTS),
    *(f"torso_gravity_{axis}" for axis in AXES),
)

_JOINT = indices(*_JOINTS)
_LEFT, _RIGHT, _NECK, _HIPS = map(int, indices("LEFT_SHOULDER", "RIGHT_SHOULDER", "NECK", "HIPS"))
# World landmarks point down along y.
_DOWN = 1


def in_torso_axes(points: PointArray) -> NDArray[np.float64]:
    """Joint positions relative to mid-shoulder, in torso lengths, and gravity as a unit vector.

    The axes point across the torso to the performer's left, up (from mid-hip to mid-shoulder), and
    to the front (out of the chest).

    Args:
        points: ``(5, n, 36)`` from ``points.point_array``.

    Returns:
        ``(n, len(COLUMNS))``; NaN where unknown.
    """
    world = points[WORLD]
    neck = world[:, :, _NECK]
    spine = neck - world[:, :, _HIPS]
    torso = _length(spine)
    up = spine / torso
    shoulders = world[:, :, _LEFT] - world[:, :, _RIGHT]
    left = shoulders - up * _dot(shoulders, up)
    left /= _length(left)
    front = np.stack(
        [
            left[1] * up[2] - left[2] * up[1],
            left[2] * up[0] - left[0] * up[2],
            left[0] * up[1] - left[1] * up[0],
        ]
    )
    relative = (world.take(_JOINT, axis=2) - neck[:, :, None]) / torso[:, None]
    columns = [_dot(axis[:, :, None], relative) for axis in (left, up, front)]
    gravity = np.stack([axis[_DOWN] for axis in (left, up, front)], axis=1)
    return np.concatenate([*columns, gravity], axis=1)


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dot products along the first axis, written out so that a frame's bits depend on it alone."""
    product = a * b
    return np.asarray(product[0] + product[1] + product[2])


def _length(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths ``(n,)`` as divisors: NaN in place of 0."""
    length = np.sqrt(_dot(vectors, vectors))
    length[length == 0] = np.nan
    return length
