"""The point array, the input of all feature formulas: five coordinates of 36 points per frame.

The coordinates are image x and y in frame heights (square pixels) and world x, y, z in metres. The
points are the 33 landmarks and the three points derived from them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import DERIVED_POINTS, LANDMARK_INDEX, LANDMARK_NAMES

POINT_NAMES: tuple[str, ...] = (*LANDMARK_NAMES, *DERIVED_POINTS)
POINT_INDEX: dict[str, int] = {name: index for index, name in enumerate(POINT_NAMES)}

X, Y = 0, 1
IMAGE = slice(0, 2)
WORLD = slice(2, 5)

PointArray = NDArray[np.float64]

_N_LANDMARKS = len(LANDMARK_NAMES)
_FIRST_END, _SECOND_END = (
    np.array([LANDMARK_INDEX[ends[i]] for ends in DERIVED_POINTS.values()], dtype=np.intp)
    for i in range(2)
)


def indices(*names: str) -> NDArray[np.intp]:
    """Positions of the named points in the point array."""
    return np.array([POINT_INDEX[name] for name in names], dtype=np.intp)


def point_array(
    image: NDArray[Any], world: NDArray[Any] | None, aspect: float | NDArray[Any]
) -> PointArray:
    """``(5, n, 36)`` float64 from image and world landmarks; NaN where a landmark is missing.

    Args:
        image: ``(n, 33, >=2)`` fractions of the upright frame.
        world: ``(n, 33, 3)`` metres, or None if unknown.
        aspect: Width / height of the frame, one number or ``(n,)``.
    """
    points = np.empty((5, len(image), len(POINT_NAMES)))
    landmarks = points[:, :, :_N_LANDMARKS]
    landmarks[IMAGE] = image[..., :2].transpose(2, 0, 1)
    landmarks[X] *= aspect[:, None] if isinstance(aspect, np.ndarray) else aspect
    landmarks[WORLD] = np.nan if world is None else world.transpose(2, 0, 1)
    middle = points.take(_FIRST_END, axis=2) + points.take(_SECOND_END, axis=2)
    points[:, :, _N_LANDMARKS:] = middle * 0.5
    return points
