"""The groups of a dataset: its independent units when it is split or scored."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.errors import DatasetError
from training.recordings.catalog import listed


@dataclass(frozen=True)
class DatasetGroups:
    """The groups of a dataset.

    Attributes:
        names: Names of the groups, sorted.
        of_row: Index in ``names`` of each row's group, ``(n,)``.
        counts: Number of rows that are not augmented, ``(groups, labels)``.
    """

    names: tuple[str, ...]
    of_row: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """The groups of a dataset's rows."""
        group_of_row = data.groups.tolist()
        names = tuple(sorted(set(group_of_row)))
        index_of = {name: index for index, name in enumerate(names)}
        of_row = np.array([index_of[name] for name in group_of_row], dtype=np.int64)
        counts = np.zeros((len(names), len(data.labels)), dtype=np.int64)
        real = ~data.augmented
        np.add.at(counts, (of_row[real], data.codes[real]), 1)
        return cls(names, of_row, counts)

    @property
    def n_real(self) -> int:
        """Number of groups to test on: those with rows that are not augmented."""
        return int(np.count_nonzero(self.counts.any(axis=1)))

    @property
    def per_label(self) -> NDArray[np.int64]:
        """Number of groups in which each label occurs, ``(labels,)``."""
        occurring: NDArray[np.int64] = np.count_nonzero(self.counts, axis=0).astype(np.int64)
        return occurring


def checked_groups(data: Dataset) -> DatasetGroups:
    """The groups of a dataset that is to be split.

    Raises:
        DatasetError: There is only one label, or only one group.
    """
    groups = DatasetGroups.of(data)
    occurring = [label for label, count in zip(data.labels, groups.per_label, strict=True) if count]
    problems = []
    if len(occurring) < 2:
        problems.append(f"only one label occurs ({listed(occurring)}), at least two are needed")
    if groups.n_real < 2:
        problems.append(
            f"all rows come from one recording and its copies ({listed(groups.names)}), at "
            "least two independent recordings are needed"
        )
    if problems:
        raise DatasetError(f"This dataset cannot be split: {'; '.join(problems)}.")
    return groups
