"""Thins the rows to learn from: neighbouring frames of a video are nearly copies of each other.

Only learning is thinned, never what a model is evaluated on.
"""

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset


def kept_rows(data: Dataset, at_most: int | None) -> NDArray[np.bool_]:
    """Which rows are learned from, ``(n,)``: every k-th frame of each stretch of one label.

    Every recording is thinned alike, every stretch keeps its first frame, and a frame and its
    mirrored row stay together. Photos are never thinned.

    Args:
        data: The table.
        at_most: Approximate number of rows to keep; None: all.
    """
    n = len(data)
    kept = np.ones(n, dtype=bool)
    if at_most is None or n <= at_most:
        return kept
    order = np.lexsort((data.frame_numbers, data.augmented, data.filenames))
    names, codes = data.filenames[order], data.codes[order]
    starts = np.ones(n, dtype=bool)
    starts[1:] = (
        (names[1:] != names[:-1])
        | (codes[1:] != codes[:-1])
        | (data.augmented[order][1:] != data.augmented[order][:-1])
    )
    begins = np.flatnonzero(starts)
    position = np.arange(n) - np.repeat(begins, np.diff([*begins, n]))
    stretches, single = len(begins), np.diff([*begins, n]) == 1
    step = int(np.ceil((n - int(single.sum())) / max(1, at_most - stretches)))
    kept[order] = position % max(1, step) == 0
    return kept
