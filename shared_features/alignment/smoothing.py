"""Lets time run evenly through holds, where the recordings themselves say nothing about it.

While a performer keeps still, any frame of the hold fits any other, and a path of least distance
follows noise. A moment in the middle of a hold is best taken to be in the middle of the other hold.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.alignment.sequences import smoothed

FloatArray = NDArray[np.float64]

# Movement is measured over this many samples to either side.
_REACH = 4
# A performer is still below this share of the movement that one sample in ten exceeds.
_STILL_SHARE = 0.3
_SHORTEST_HOLD = 10


def evened(a: FloatArray, b: FloatArray, rows: FloatArray, position: FloatArray) -> FloatArray:
    """The map with a straight line through every hold.

    Args:
        a: ``(n, d)`` features of the reference.
        b: ``(m, d)`` features of the target.
        rows: ``(k,)`` samples of the reference, rising.
        position: ``(k,)`` their positions in the target, never falling.
    """
    partner = np.clip(np.round(position).astype(np.intp), 0, len(b) - 1)
    still = _still(a)[rows.astype(np.intp)] & _still(b)[partner]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]])))
    result = position.copy()
    for start, end in edges.reshape(-1, 2):
        if end - start >= _SHORTEST_HOLD:
            result[start:end] = np.linspace(position[start], position[end - 1], end - start)
    return result


def _still(values: FloatArray) -> NDArray[np.bool_]:
    steady = smoothed(values, 2 * _REACH + 1)
    padded = np.pad(steady, ((_REACH, _REACH), (0, 0)), mode="edge")
    movement = np.linalg.norm(padded[2 * _REACH :] - padded[: -2 * _REACH], axis=1)
    still: NDArray[np.bool_] = movement < _STILL_SHARE * np.quantile(movement, 0.9)
    return still
