"""Splits that never put a recording and its copies on two sides, nor judge by made-up rows.

Everything goes by the groups of the table: a recording, its mirrored and augmented copies and its
near-duplicates are one group.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.data.dataset_groups import DatasetGroups, checked_groups
from training.data.side_choice import assign_sides
from training.data.sides import Side, read_sides, write_sides
from training.errors import DatasetError
from training.recordings.catalog import listed

RowNumbers = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One part of a cross-validation, as row numbers.

    Attributes:
        train: rows to learn from, augmented ones included.
        test: rows to judge by, none of them augmented, all of other groups.
    """

    train: RowNumbers
    test: RowNumbers


@dataclass(frozen=True)
class HeldOutSplit:
    """What is learned from and what is kept back, as row numbers.

    Attributes:
        train: rows to learn from, augmented ones included.
        test: rows kept back, none of them augmented, all of other groups.
        sides: the side of each group.
        warnings: sentences for the person who trains.
    """

    train: RowNumbers
    test: RowNumbers
    sides: Mapping[str, Side]
    warnings: tuple[str, ...]


def grouped_folds(data: Dataset, n_folds: int, seed: int) -> list[Fold]:
    """Folds of about the same shares of labels; every group is tested in exactly one of them.

    With fewer groups than ``n_folds``, or fewer rows of every label, there are only as many folds.
    ``fold_warnings`` says so, and what else there is to know.

    Raises:
        DatasetError: there is one label only, one group only, or one row only of each label.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups = checked_groups(data)
    real = np.flatnonzero(~data.augmented)
    splitter = StratifiedGroupKFold(_possible(groups, n_folds), shuffle=True, random_state=seed)
    folds = []
    with warnings.catch_warnings():
        # It warns of rare labels by their rows; what counts is groups, see fold_warnings.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = list(splitter.split(real, data.codes[real], groups.of_row[real]))
    for _, tested in parts:
        test = real[tested]
        in_test = np.zeros(len(groups.names), dtype=bool)
        in_test[groups.of_row[test]] = True
        folds.append(Fold(np.flatnonzero(~in_test[groups.of_row]), test))
    return folds


def fold_warnings(data: Dataset, n_folds: int) -> list[str]:
    """What a cross-validation over this table cannot tell, as sentences."""
    groups = checked_groups(data)
    found = []
    possible = _possible(groups, n_folds)
    if possible < n_folds:
        found.append(
            f"{groups.n_real} independent recordings are too few for {n_folds} folds; there are "
            f"{possible}."
        )
    n_folds = possible
    counted = dict(zip(data.labels, groups.per_label.tolist(), strict=True))
    once = [label for label, count in counted.items() if count == 1]
    if once:
        found.append(
            f"In one independent recording only: {listed(once)}. A model cannot be tested on "
            "recordings of it that it has not seen: they all count as missed. Label another one."
        )
    rare = [f"{label} ({count})" for label, count in counted.items() if 1 < count < n_folds]
    if rare:
        found.append(
            f"In fewer independent recordings than the {n_folds} folds: {listed(rare)}. Not every "
            "fold tests these labels."
        )
    return found


def held_out_split(data: Dataset, share: float, seed: int, sides_file: Path) -> HeldOutSplit:
    """The recordings kept back, the same ones as last time plus some of what is new.

    Args:
        data: the table.
        share: of each label's rows to keep back, about.
        seed: for choosing among new recordings.
        sides_file: where the choice is kept; read if it is there, and written.

    Raises:
        DatasetError: there is one label only, one group only, or nothing can be kept back; or the
            file is damaged.
    """
    groups = checked_groups(data)
    known = read_sides(sides_file)
    sides, found = assign_sides(data, share, seed, {entry.recording: entry.side for entry in known})
    kept_back = np.array([sides[name] == "test" for name in groups.names])
    if not kept_back.any():
        raise DatasetError(
            "No recording can be kept back for testing: every independent recording is the only "
            "one of some label. Label more recordings, at least two of each pose."
        )
    in_test = kept_back[groups.of_row]
    write_sides(sides_file, data, sides, known)
    return HeldOutSplit(
        train=np.flatnonzero(~in_test),
        test=np.flatnonzero(in_test & ~data.augmented),
        sides=sides,
        warnings=tuple(found),
    )


def _possible(groups: DatasetGroups, n_folds: int) -> int:
    """How many folds there can be."""
    most_rows = int(groups.counts.sum(axis=0).max())
    possible = min(n_folds, groups.n_real, most_rows)
    if possible < 2:
        raise DatasetError(
            "This table cannot be split: every label has one row only. Label more recordings."
        )
    return possible
