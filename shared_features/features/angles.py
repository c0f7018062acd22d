"""Joint angles in degrees, measured in square pixels.

Computed from fractions of the frame, a true 90° would read 121° in 16:9 and 59° in 9:16. In square
pixels the same body has the same angles in portrait and in landscape.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.features.points import IMAGE, PointArray, X, Y, indices

# Each angle is measured at the second point, between the first and the third (seed document 000).
ANGLES: dict[str, tuple[str, str, str]] = {
    "left_elbow_angle": ("LEFT_SHOULDER", "LEFT_ELBOW", "LEFT_WRIST"),
    "right_elbow_angle": ("RIGHT_SHOULDER", "RIGHT_ELBOW", "RIGHT_WRIST"),
    "left_shoulder_angle": ("LEFT_ELBOW", "LEFT_SHOULDER", "LEFT_HIP"),
    "right_shoulder_angle": ("RIGHT_ELBOW", "RIGHT_SHOULDER", "RIGHT_HIP"),
    "left_hip_angle": ("LEFT_SHOULDER", "LEFT_HIP", "LEFT_KNEE"),
    "right_hip_angle": ("RIGHT_SHOULDER", "RIGHT_HIP", "RIGHT_KNEE"),
    "left_knee_angle": ("LEFT_HIP", "LEFT_KNEE", "LEFT_ANKLE"),
    "right_knee_angle": ("RIGHT_HIP", "RIGHT_KNEE", "RIGHT_ANKLE"),
    "spine_angle": ("LEFT_HIP", "RIGHT_HIP", "HEAD"),
    "torso_angle": ("LEFT_HIP", "RIGHT_HIP", "NECK"),
}
COLUMNS: tuple[str, ...] = tuple(ANGLES)

_FIRST, _VERTEX, _LAST = (indices(*(points[i] for points in ANGLES.values())) for i in range(3))


def joint_angles_deg(points: PointArray) -> NDArray[np.float64]:
    """The ten joint angles of each frame.

    Args:
        points: ``(5, n, 36)`` from ``points.point_array``.

    Returns:
        ``(n, 10)`` degrees in 0..180, in the order of ``COLUMNS``; NaN where a point is missing or
        two points of an angle coincide.
    """
    image = points[IMAGE]
    vertex = image.take(_VERTEX, axis=2)
    u = image.take(_FIRST, axis=2) - vertex
    v = image.take(_LAST, axis=2) - vertex
    cross = u[X] * v[Y] - u[Y] * v[X]
    dot = u * v
    angles = np.arctan2(np.abs(cross), dot[X] + dot[Y])
    angles *= 180 / np.pi
    coincide = ~(u.any(axis=0) & v.any(axis=0))
    angles[coincide] = np.nan
    return np.asarray(angles)
