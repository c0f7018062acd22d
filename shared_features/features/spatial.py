"""Whether one body part is above, level with or below another, from the y of the landmarks.

"Level" is a band around equality, since two body parts are never at exactly the same height. Its
width is a fraction of the frame height; it is narrower for head and shoulders, which are never far
apart (seed document 000).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.features.points import PointArray, Y, indices

BELOW, LEVEL, ABOVE = -1.0, 0.0, 1.0
WORDS: dict[float, str] = {BELOW: "below", LEVEL: "level", ABOVE: "above"}

_PAIRS = (
    ("KNEE", "HIP"),
    ("KNEE", "SHOULDER"),
    ("ELBOW", "HIP"),
    ("KNEE", "ANKLE"),
    ("ELBOW", "SHOULDER"),
    ("WRIST", "ELBOW"),
    ("WRIST", "SHOULDER"),
    ("WRIST", "HIP"),
    ("WRIST", "KNEE"),
    ("WRIST", "ANKLE"),
)
# Column: (the part that is above or below, the part it is compared with).
RELATIONS: dict[str, tuple[str, str]] = {
    f"spatial_{side.lower()}_{part.lower()}_{other.lower()}": (f"{side}_{part}", f"{side}_{other}")
    for part, other in _PAIRS
    for side in ("LEFT", "RIGHT")
} | {"spatial_hip_shoulder": ("HIPS", "NECK"), "spatial_head_shoulder": ("HEAD", "NECK")}
COLUMNS: tuple[str, ...] = tuple(RELATIONS)

_PART, _OTHER = (indices(*(points[i] for points in RELATIONS.values())) for i in range(2))


def margins(margin: float, head_shoulder_margin: float) -> NDArray[np.float64]:
    """``(22,)`` half width of each column's "level" band, as a fraction of the frame height."""
    return np.array(
        [head_shoulder_margin if c == "spatial_head_shoulder" else margin for c in COLUMNS]
    )


def relations(points: PointArray, level_margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, 22)`` ordinal codes of all relations: −1 below, 0 level, +1 above, NaN unknown.

    Args:
        points: ``(5, n, 36)`` from ``points.point_array``.
        level_margins: ``(22,)`` from ``margins``.
    """
    y = points[Y]
    higher_by = y.take(_OTHER, axis=1) - y.take(_PART, axis=1)
    codes = np.sign(higher_by)
    # Comparisons with NaN are false, so an unknown relation stays NaN.
    codes[np.abs(higher_by) <= level_margins] = LEVEL
    return np.asarray(codes)


def to_words(codes: NDArray[Any]) -> NDArray[np.str_]:
    """The codes as words for the CSV tables; an unknown relation is an empty string."""
    words = np.full(codes.shape, "", dtype="<U5")
    for code, word in WORDS.items():
        words[codes == code] = word
    return words
