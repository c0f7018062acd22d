"""The groups of a table: what counts as independent when data is split or scores are judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.errors import DatasetError
from training.recordings.catalog import listed


@dataclass(frozen=True)
class DatasetGroups:
    """The groups of a table.

    Attributes:
        names: in order.
        of_row: ``(n,)`` the place of each row's group in ``names``.
        counts: ``(groups, labels)`` rows that are not augmented.
    """

    names: tuple[str, ...]
    of_row: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, data: Dataset) -> "DatasetGroups":
        """The groups of a table's rows."""
        group_of_row = data.groups.tolist()
        names = tuple(sorted(set(group_of_row)))
        places = {name: place for place, name in enumerate(names)}
        of_row = np.array([places[name] for name in group_of_row], dtype=np.int64)
        counts = np.zeros((len(names), len(data.labels)), dtype=np.int64)
        real = ~data.augmented
        np.add.at(counts, (of_row[real], data.codes[real]), 1)
        return cls(names, of_row, counts)

    @property
    def n_real(self) -> int:
        """How many groups there are to judge by: those not made of augmented rows alone."""
        return int(np.count_nonzero(self.counts.any(axis=1)))

    @property
    def per_label(self) -> NDArray[np.int64]:
        """``(labels,)`` in how many groups each label occurs."""
        occurring: NDArray[np.int64] = np.count_nonzero(self.counts, axis=0).astype(np.int64)
        return occurring


def checked_groups(data: Dataset) -> DatasetGroups:
    """The groups of a table that is to be split.

    Raises:
        DatasetError: there is one label only, or one group only.
    """
    groups = DatasetGroups.of(data)
    occurring = [label for label, count in zip(data.labels, groups.per_label, strict=True) if count]
    problems = []
    if len(occurring) < 2:
        problems.append(f"only one label occurs ({listed(occurring)}), at least two are needed")
    if groups.n_real < 2:
        problems.append(
            f"all rows are of one recording or its near-duplicates ({listed(groups.names)}), at "
            "least two independent recordings are needed"
        )
    if problems:
        raise DatasetError(f"This table cannot be split: {'; '.join(problems)}.")
    return groups
