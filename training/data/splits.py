"""Splits that never separate a recording from its copies, and never test on augmented rows.

The unit is the group: a recording, its mirrored and augmented copies and its near-duplicates.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.data.dataset_groups import DatasetGroups, checked_groups
from training.data.held_out_choice import choose_held_out
from training.data.split_table import Split, SplitEntry, updated_entries, write_split_table
from training.errors import DatasetError
from training.recordings.catalog import listed

RowNumbers = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One part of a cross-validation, as row numbers.

    Attributes:
        train: Rows to learn from, augmented ones included.
        test: Rows to test on, none of them augmented, all of other groups.
    """

    train: RowNumbers
    test: RowNumbers


@dataclass(frozen=True)
class HeldOutSplit:
    """The training rows and the held-out rows of a dataset.

    Attributes:
        train: Row numbers to learn from, augmented rows included.
        held_out: Row numbers to test on, none of them augmented, all of other groups.
        by_group: Split of each group.
        entries: Rows of the split table that record this split, sorted.
        is_new: Whether the split table does not record this split yet.
        warnings: Sentences for the person who trains.
    """

    train: RowNumbers
    held_out: RowNumbers
    by_group: Mapping[str, Split]
    entries: tuple[SplitEntry, ...]
    is_new: bool
    warnings: tuple[str, ...]


def grouped_folds(data: Dataset, n_folds: int, seed: int) -> list[Fold]:
    """Folds with similar shares of labels; every group is tested in exactly one of them.

    There are fewer folds if the groups, or the rows of every label, are fewer than ``n_folds``;
    ``fold_warnings`` says so.

    Raises:
        DatasetError: There is only one label, only one group, or only one row of each label.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups = checked_groups(data)
    real = np.flatnonzero(~data.augmented)
    splitter = StratifiedGroupKFold(_possible(groups, n_folds), shuffle=True, random_state=seed)
    folds = []
    with warnings.catch_warnings():
        # It warns about labels with few rows; fold_warnings counts their groups instead.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = list(splitter.split(real, data.codes[real], groups.of_row[real]))
    for _, tested in parts:
        test = real[tested]
        in_test = np.zeros(len(groups.names), dtype=bool)
        in_test[groups.of_row[test]] = True
        folds.append(Fold(np.flatnonzero(~in_test[groups.of_row]), test))
    return folds


def fold_warnings(data: Dataset, n_folds: int) -> list[str]:
    """Sentences about what a cross-validation of this dataset cannot tell."""
    groups = checked_groups(data)
    found = []
    possible = _possible(groups, n_folds)
    if possible < n_folds:
        found.append(
            f"{groups.n_real} independent recordings are too few for {n_folds} folds; {possible} "
            "are used."
        )
    n_folds = possible
    counted = dict(zip(data.labels, groups.per_label.tolist(), strict=True))
    once = [label for label, count in counted.items() if count == 1]
    if once:
        found.append(
            f"In only one independent recording: {listed(once)}. A model that is tested on it has "
            "never seen the label, so all of its frames count as missed. Label another recording."
        )
    rare = [f"{label} ({count})" for label, count in counted.items() if 1 < count < n_folds]
    if rare:
        found.append(
            f"In fewer independent recordings than the {n_folds} folds: {listed(rare)}. Not every "
            "fold tests these labels."
        )
    return found


def held_out_split(
    data: Dataset, share: float, seed: int, known: Sequence[SplitEntry]
) -> HeldOutSplit:
    """Hold out the same recordings as before, and some of the new ones. Writes nothing.

    Args:
        data: Dataset to split.
        share: Approximate share of each label's rows to hold out.
        seed: Seed for choosing among new recordings.
        known: Rows of the split table so far (``split_table.read_split_table``).

    Raises:
        DatasetError: There is only one label or only one group, or nothing can be held out.
    """
    groups = checked_groups(data)
    previous = {entry.recording: entry.split for entry in known}
    by_group, found = choose_held_out(data, share, seed, previous)
    held_out = np.array([by_group[name] == "held out" for name in groups.names])
    if not held_out.any():
        raise DatasetError(
            "No recording can be held out for testing: every independent recording is the only "
            "one of some label. Label more recordings, at least two of each pose."
        )
    in_held_out = held_out[groups.of_row]
    entries = updated_entries(known, data, by_group)
    return HeldOutSplit(
        train=np.flatnonzero(~in_held_out),
        held_out=np.flatnonzero(in_held_out & ~data.augmented),
        by_group=by_group,
        entries=entries,
        is_new=set(entries) != set(known),
        warnings=tuple(found),
    )


def save_split(path: Path, split: HeldOutSplit) -> None:
    """Record a split in the split table, unless it is recorded there already."""
    if split.is_new:
        write_split_table(path, split.entries)


def _possible(groups: DatasetGroups, n_folds: int) -> int:
    """The possible number of folds, ``n_folds`` at most."""
    most_rows = int(groups.counts.sum(axis=0).max())
    possible = min(n_folds, groups.n_real, most_rows)
    if possible < 2:
        raise DatasetError(
            "This dataset cannot be split: every label has only one row. Label more recordings."
        )
    return possible
