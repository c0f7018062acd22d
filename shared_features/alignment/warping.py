"""Dynamic time warping, by dtaidistance; the only module that touches it.

dtaidistance computes the table of costs in C and needs nothing but numpy, so that it can be part of
a serving install.
"""

from typing import cast

import numpy as np
from dtaidistance import dtw, dtw_ndim
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Path = NDArray[np.intp]


def warping_path(
    reference: FloatArray, target: FloatArray, open_reference: int = 0, open_target: int = 0
) -> Path:
    """The path of least total distance through two sequences.

    Args:
        reference: ``(n, d)``.
        target: ``(m, d)``.
        open_reference: How many samples at either end of the reference may stay without a partner.
        open_target: The same for the target.

    Returns:
        ``(k, 2)`` pairs of a sample of the reference and one of the target; both rise by 0 or 1.
    """
    if min(len(reference), len(target)) == 1:  # dtaidistance needs two
        longer = np.arange(max(len(reference), len(target)))
        rows, columns = np.minimum(longer, len(reference) - 1), np.minimum(longer, len(target) - 1)
        return np.stack([rows, columns], axis=1)
    _, costs = dtw_ndim.warping_paths_fast(
        np.ascontiguousarray(reference),
        np.ascontiguousarray(target),
        psi=(open_reference, open_reference, open_target, open_target),
        inner_dist="euclidean",
    )
    return np.array(cast("list[tuple[int, int]]", dtw.best_path(costs)), dtype=np.intp)


def refined_path(reference: FloatArray, target: FloatArray, coarse: Path, block: int) -> Path:
    """The path at twice the samples of a coarser one, which it stays close to.

    The sequences are aligned block by block, each between two pairs of the coarse path, so that
    time and memory grow with their length and not with its square. Blocks overlap by half, and only
    the middle of each is used.

    Args:
        reference: ``(n, d)``.
        target: ``(m, d)``.
        coarse: ``(k, 2)`` path through every second sample of both.
        block: Pairs of the coarse path per block.
    """
    last = np.array([len(reference), len(target)]) - 1
    corners = np.minimum(2 * coarse, last)
    if (coarse[-1] == last // 2).all():
        corners[-1] = last
    pieces = []
    step = block // 2
    starts = range(0, max(1, len(corners) - step), step)
    for start in starts:
        low, high = corners[start], corners[min(start + block, len(corners) - 1)]
        path = low + warping_path(reference[low[0] : high[0] + 1], target[low[1] : high[1] + 1])
        from_row = low[0] if start == 0 else corners[start + step // 2][0]
        is_last = start == starts[-1]
        to_row = (
            high[0] + 1 if is_last else corners[min(start + step + step // 2, len(corners) - 1)][0]
        )
        pieces.append(path[(path[:, 0] >= from_row) & (path[:, 0] < to_row)])
    # Two blocks need not agree where one takes over from the other.
    return np.maximum.accumulate(np.concatenate(pieces))
