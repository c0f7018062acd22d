"""Which clips are learned from, decide when to stop, and are held out; by group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.errors import DatasetError
from training.sequence.data.clips import LabelledClips

_BANDS = 5


@dataclass(frozen=True)
class ClipSplit:
    """Row numbers; no group is in two of them.

    Attributes:
        train: To learn from.
        validation: To decide when to stop, and which model to choose.
        test: Held out; used once, at the end.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split_clips(
    data: LabelledClips, validation_share: float, test_share: float, seed: int
) -> ClipSplit:
    """Split by group, with similar labels or scores in each part.

    Raises:
        DatasetError: There are fewer than three groups.
    """
    n_groups = len(np.unique(data.groups))
    if n_groups < 3:
        raise DatasetError(
            f"The clips are of {n_groups} independent recording{'s' * (n_groups > 1)}; at least "
            "three are needed: to learn from, to decide when to stop, and to test on. Add "
            "recordings, or check the column group."
        )
    rest, test = _divided(data, np.arange(len(data)), test_share, seed)
    train, validation = _divided(data, rest, validation_share / (1 - test_share), seed)
    return ClipSplit(train, validation, test)


def _divided(
    data: LabelledClips, rows: NDArray[np.int64], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows without about such a share of them, and that share."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    groups = data.groups[rows]
    n_folds = min(max(2, round(1 / share)), len(np.unique(groups)))
    classes = _classes(data, rows)
    if np.unique(classes, return_counts=True)[1].min() < n_folds:
        folds = GroupKFold(n_folds, shuffle=True, random_state=seed).split(rows, groups=groups)
    else:
        stratified = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        folds = stratified.split(rows, classes, groups)
    first, second = next(iter(folds))
    return rows[first], rows[second]


def _classes(data: LabelledClips, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels, or bands of scores with the same number of clips."""
    targets = data.targets[rows]
    if data.kind != "points":
        return np.asarray(np.unique(targets, return_inverse=True)[1], dtype=np.int64)
    edges = np.quantile(targets.astype(float), np.linspace(0, 1, _BANDS + 1)[1:-1])
    return np.asarray(np.searchsorted(edges, targets, side="right"), dtype=np.int64)
