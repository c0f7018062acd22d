"""Joint positions relative to the hips, in torso lengths, and the directions of chest and face.

Positions are not rotated with the body, because being upside down is part of a pose. Without the
directions of chest and face, front lever and back lever would be the same pose.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.features.points import IMAGE, WORLD, PointArray, X, Y, indices

_JOINTS = ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE", "FOOT_INDEX")
POSITIONS: tuple[str, ...] = (
    "HEAD",
    *(f"{side}_{joint}" for joint in _JOINTS for side in ("LEFT", "RIGHT")),
)
# Distances between arms and legs, which do not depend on the position of the camera.
DISTANCES: tuple[tuple[str, str], ...] = (
    ("LEFT_WRIST", "LEFT_ANKLE"),
    ("RIGHT_WRIST", "RIGHT_ANKLE"),
    ("LEFT_WRIST", "RIGHT_ANKLE"),
    ("RIGHT_WRIST", "LEFT_ANKLE"),
    ("LEFT_SHOULDER", "LEFT_KNEE"),
    ("RIGHT_SHOULDER", "RIGHT_KNEE"),
    ("LEFT_SHOULDER", "RIGHT_KNEE"),
    ("RIGHT_SHOULDER", "LEFT_KNEE"),
    ("LEFT_WRIST", "RIGHT_WRIST"),
    ("LEFT_ANKLE", "RIGHT_ANKLE"),
)
BODY_COLUMNS: tuple[str, ...] = (
    *(f"body_{point.lower()}_{axis}" for axis in ("x", "y") for point in POSITIONS),
    *(f"body_world_{point.lower()}_{axis}" for axis in ("x", "y", "z") for point in POSITIONS),
    *(f"body_distance_{a.lower()}_{b.lower()}" for a, b in DISTANCES),
)
FACING_COLUMNS: tuple[str, ...] = (
    "facing_chest_x",
    "facing_chest_y",
    "facing_chest_z",
    "facing_face_x",
    "facing_face_y",
    "facing_face_z",
    "facing_image_chest",
    "facing_image_face_x",
    "facing_image_face_y",
)

LIMB_SHARES: dict[tuple[str, str], float] = {
    ("SHOULDER", "ELBOW"): 0.186 / 0.288,
    ("ELBOW", "WRIST"): 0.146 / 0.288,
    ("HIP", "KNEE"): 0.245 / 0.288,
    ("KNEE", "ANKLE"): 0.246 / 0.288,
}
"""Length of each limb in torso lengths (mid-shoulder to mid-hip), from the segment lengths of
Winter, Biomechanics and Motor Control of Human Movement, table 4.1 (after Drillis and Contini):
torso 0.288, upper arm 0.186, forearm 0.146, thigh 0.245, shank 0.246 of the stature."""

_LIMBS: tuple[tuple[str, str, float], ...] = (
    ("NECK", "HIPS", 1.0),
    *(
        (f"{side}_{a}", f"{side}_{b}", length)
        for (a, b), length in LIMB_SHARES.items()
        for side in ("LEFT", "RIGHT")
    ),
)


_POSITION = indices(*POSITIONS)
_FROM, _TO = indices(*(a for a, _ in DISTANCES)), indices(*(b for _, b in DISTANCES))
_LIMB_START = indices(*(a for a, _, _ in _LIMBS))
_LIMB_END = indices(*(b for _, b, _ in _LIMBS))
_LIMB_SHARE = np.array([length for _, _, length in _LIMBS])
# Shoulder line, torso and face are each the difference between two points.
_TIP = indices("LEFT_SHOULDER", "NECK", "NOSE")
_BASE = indices("RIGHT_SHOULDER", "HIPS", "HEAD")
_HIPS, _TORSO = int(indices("HIPS")[0]), 0


def torso_length(points: PointArray) -> NDArray[np.float64]:
    """``(n,)`` estimated length of the torso in frame heights, from any viewpoint.

    When the body points at the camera, the torso has no length in the image. Every limb's length
    divided by its ``LIMB_SHARES`` ratio is a lower bound for the torso's length; the largest bound
    wins.
    """
    limbs = points[IMAGE].take(_LIMB_END, axis=2) - points[IMAGE].take(_LIMB_START, axis=2)
    bounds = np.sqrt(limbs[X] * limbs[X] + limbs[Y] * limbs[Y]) / _LIMB_SHARE
    return _positive(np.fmax.reduce(bounds, axis=1))


def positions(points: PointArray, torso: NDArray[np.float64]) -> NDArray[np.float64]:
    """Joint positions relative to mid-hip and distances between joints, in torso lengths.

    Args:
        points: ``(5, n, 36)`` from ``points.point_array``.
        torso: ``(n,)`` from ``torso_length``. World positions use the torso's length in metres
            instead.

    Returns:
        ``(n, len(BODY_COLUMNS))``; NaN where unknown.
    """
    n_frames = points.shape[1]
    world_torso = _length(points[WORLD, :, _TIP[1]] - points[WORLD, :, _HIPS])
    relative = points.take(_POSITION, axis=2) - points[:, :, _HIPS, None]
    relative[IMAGE] /= torso[:, None]
    relative[WORLD] /= world_torso[:, None]
    apart = points[WORLD].take(_FROM, axis=2) - points[WORLD].take(_TO, axis=2)
    distances = _norm(apart) / world_torso[:, None]
    return np.concatenate([relative.transpose(1, 0, 2).reshape(n_frames, -1), distances], axis=1)


def facing(points: PointArray, torso: NDArray[np.float64]) -> NDArray[np.float64]:
    """The directions in which the chest and the face point.

    The chest normal is the unit vector out of the chest (world landmarks, camera axes: y −1 is up,
    z −1 is towards the camera); the face vector is the unit vector from mid-ear to nose.
    ``facing_image_chest`` uses the image alone: it is the signed area spanned by the shoulder line
    and the torso, in torso lengths, and positive when the chest faces the camera.

    The arguments are those of ``positions``. Returns ``(n, len(FACING_COLUMNS))``.
    """
    differences = points.take(_TIP, axis=2) - points.take(_BASE, axis=2)
    (sx, tx, fx), (sy, ty, fy) = differences[IMAGE].transpose(0, 2, 1)
    shoulders, spine, face = differences[WORLD].transpose(2, 0, 1)
    columns = np.empty((len(FACING_COLUMNS), points.shape[1]))
    columns[:3] = _cross(shoulders, spine)
    columns[:3] /= _length(columns[:3])
    columns[3:6] = face / _length(face)
    columns[6] = (sy * tx - sx * ty) / (torso * torso)
    columns[7] = fx / torso
    columns[8] = fy / torso
    return columns.T


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross product of ``(3, n)`` vectors, written out: ``np.cross`` is slow on single frames."""
    return np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def _norm(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = vectors * vectors
    length: NDArray[np.float64] = np.sqrt(squares[0] + squares[1] + squares[2])
    return length


def _length(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return _positive(_norm(vectors))


def _positive(length: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths as divisors: a length of 0 becomes NaN, so that the quotient is NaN, not infinity."""
    length[length == 0] = np.nan
    return length
