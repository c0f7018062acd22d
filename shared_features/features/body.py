"""Where the joints are relative to the hips, in torso lengths, and which way chest and face point.

Positions keep gravity: the frame is not rotated with the body, since hanging upside down is the
point. Without the facing cues, front lever and back lever are one pose.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.features.points import PICTURE, WORLD, PointArray, X, Y, indices

_JOINTS = ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE", "FOOT_INDEX")
POSITIONS: tuple[str, ...] = (
    "HEAD",
    *(f"{side}_{joint}" for joint in _JOINTS for side in ("LEFT", "RIGHT")),
)
# Distances that do not depend on where the camera stands: how near legs and arms are to each other.
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

# How long each limb is in torso lengths (mid-shoulder to mid-hip), from the segment lengths of
# Winter, Biomechanics and Motor Control of Human Movement, table 4.1 (after Drillis and Contini):
# torso 0.288, upper arm 0.186, forearm 0.146, thigh 0.245, shank 0.246 of the stature.
_LIMBS: tuple[tuple[str, str, float], ...] = (
    ("NECK", "HIPS", 1.0),
    *(
        (f"{side}_{a}", f"{side}_{b}", length)
        for a, b, length in (
            ("SHOULDER", "ELBOW", 0.186 / 0.288),
            ("ELBOW", "WRIST", 0.146 / 0.288),
            ("HIP", "KNEE", 0.245 / 0.288),
            ("KNEE", "ANKLE", 0.246 / 0.288),
        )
        for side in ("LEFT", "RIGHT")
    ),
)


_POSITION = indices(*POSITIONS)
_FROM, _TO = indices(*(a for a, _ in DISTANCES)), indices(*(b for _, b in DISTANCES))
_LIMB_START = indices(*(a for a, _, _ in _LIMBS))
_LIMB_END = indices(*(b for _, b, _ in _LIMBS))
_LIMB_SHARE = np.array([length for _, _, length in _LIMBS])
# Shoulder line, torso and face, as differences between two points each.
_TIP = indices("LEFT_SHOULDER", "NECK", "NOSE")
_BASE = indices("RIGHT_SHOULDER", "HIPS", "HEAD")
_HIPS, _TORSO = int(indices("HIPS")[0]), 0


def torso_length(points: PointArray) -> NDArray[np.float64]:
    """``(n,)`` the torso's true length in the picture's units, seen from any side.

    A body pointing at the camera has a torso of no length in the picture. Every limb, divided by
    its share, gives a lower bound on the torso's length; the largest bound is used.
    """
    limbs = points[PICTURE].take(_LIMB_END, axis=2) - points[PICTURE].take(_LIMB_START, axis=2)
    bounds = np.sqrt(limbs[X] * limbs[X] + limbs[Y] * limbs[Y]) / _LIMB_SHARE
    return _positive(np.fmax.reduce(bounds, axis=1))


def positions(points: PointArray, torso: NDArray[np.float64]) -> NDArray[np.float64]:
    """Joint positions relative to mid-hip and distances between joints, in torso lengths.

    Args:
        points: ``(5, n, 36)`` as ``points.point_array`` gives it.
        torso: ``(n,)`` from ``torso_length``; world positions use the torso's length in metres.

    Returns:
        ``(n, len(BODY_COLUMNS))``; NaN where unknown.
    """
    n_frames = points.shape[1]
    world_torso = _length(points[WORLD, :, _TIP[1]] - points[WORLD, :, _HIPS])
    relative = points.take(_POSITION, axis=2) - points[:, :, _HIPS, None]
    relative[PICTURE] /= torso[:, None]
    relative[WORLD] /= world_torso[:, None]
    apart = points[WORLD].take(_FROM, axis=2) - points[WORLD].take(_TO, axis=2)
    distances = _norm(apart) / world_torso[:, None]
    return np.concatenate([relative.transpose(1, 0, 2).reshape(n_frames, -1), distances], axis=1)


def facing(points: PointArray, torso: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which way the chest and the face point.

    The chest normal is the unit vector out of the chest (world landmarks, camera axes: y −1 is up,
    z −1 is towards the camera); the face vector is the unit vector from mid-ear to nose.
    ``facing_image_chest`` is the same question asked of the picture alone: positive when the chest
    is turned to the camera, as the signed area spanned by shoulder line and torso in torso lengths.

    Arguments as for ``positions``; returns ``(n, len(FACING_COLUMNS))``.
    """
    differences = points.take(_TIP, axis=2) - points.take(_BASE, axis=2)
    (sx, tx, fx), (sy, ty, fy) = differences[PICTURE].transpose(0, 2, 1)
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
    """Cross product of ``(3, n)`` vectors, written out: ``np.cross`` is slow on a single frame."""
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
    """Lengths to divide by: NaN, not infinity, where there is none."""
    length[length == 0] = np.nan
    return length
