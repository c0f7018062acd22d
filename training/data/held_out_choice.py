"""Chooses which recordings are held out, label by label.

As the data grows, recordings that were held out before stay held out, so that a model and its
champion can be compared on the same recordings.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.data.dataset_groups import DatasetGroups
from training.data.split_table import Split, recording_of
from training.recordings.catalog import listed


def choose_held_out(
    data: Dataset, share: float, seed: int, previous: Mapping[str, Split]
) -> tuple[dict[str, Split], list[str]]:
    """The split of each group, and warnings.

    A group keeps the split it had before. Of the new groups, some are held out so that the share of
    each label comes close to ``share``; the only group of a label never is.

    Args:
        data: Dataset to split.
        share: Approximate share of each label's rows to hold out.
        seed: Seed for choosing among new groups.
        previous: Split of each recording so far (``split_table.recording_of``). It goes by
            recording and not by group, since groups merge when near-duplicates are found.
    """
    groups = DatasetGroups.of(data)
    before, warnings = _previous_splits(data, groups.names, previous)
    held_out = np.array([before.get(name) == "held out" for name in groups.names])
    new = [index for index, name in enumerate(groups.names) if name not in before]
    choice = _Choice(groups.counts, share, held_out)
    order = np.random.default_rng(seed).permutation(np.array(new, dtype=np.int64)).tolist()
    choice.hold_out_each_label(order)
    choice.approach_share(order)
    splits: dict[str, Split] = {
        name: "held out" if out else "train"
        for name, out in zip(groups.names, held_out.tolist(), strict=True)
    }
    return splits, warnings + _label_warnings(data.labels, groups.counts > 0, held_out)


class _Choice:
    """Holds out one group after the other; ``held_out`` is changed in place."""

    def __init__(
        self, counts: NDArray[np.int64], share: float, held_out: NDArray[np.bool_]
    ) -> None:
        self._has = counts > 0
        self._shares = counts / np.maximum(1, counts.sum(axis=0))
        self._share = share
        self._held_out = held_out
        self._held_out_shares = self._shares[held_out].sum(axis=0)
        self._n_train = np.count_nonzero(self._has[~held_out], axis=0)
        self._occurs = self._has.any(axis=0)

    def hold_out_each_label(self, order: Sequence[int]) -> None:
        """Hold out one new group of each label, rarest labels first."""
        for label in np.argsort(np.count_nonzero(self._has, axis=0), kind="stable"):
            if np.any(self._has[self._held_out, label]):
                continue
            candidates = [group for group in order if self._has[group, label]]
            candidates = [group for group in candidates if self._is_free(group)]
            if candidates:
                self._hold_out(min(candidates, key=self._distance_with))

    def approach_share(self, order: Sequence[int]) -> None:
        """Hold out more new groups while that brings the labels' shares closer."""
        for group in order:
            closer = self._distance_with(group) < self._distance(self._held_out_shares)
            if not self._held_out[group] and closer and self._is_free(group):
                self._hold_out(group)

    def _is_free(self, group: int) -> bool:
        """Whether each of its labels can still be learned from another group."""
        return bool(np.all(self._n_train[self._has[group]] >= 2))

    def _distance(self, held_out_shares: NDArray[np.float64]) -> float:
        return float(np.sum((held_out_shares[self._occurs] - self._share) ** 2))

    def _distance_with(self, group: int) -> float:
        return self._distance(self._held_out_shares + self._shares[group])

    def _hold_out(self, group: int) -> None:
        self._held_out[group] = True
        self._held_out_shares = self._held_out_shares + self._shares[group]
        self._n_train = self._n_train - self._has[group]


def _previous_splits(
    data: Dataset, names: Sequence[str], previous: Mapping[str, Split]
) -> tuple[dict[str, Split], list[str]]:
    """The splits of groups that had one before, and a warning about groups that had both."""
    found: dict[str, set[Split]] = {name: set() for name in names}
    for filename, group in set(zip(data.filenames.tolist(), data.groups.tolist(), strict=True)):
        split = previous.get(recording_of(filename))
        if split is not None:
            found[group].add(split)
    both = [group for group, splits in found.items() if len(splits) > 1]
    warning = (
        f"Partly held out, partly trained on until now: {listed(both)}. These recordings turned "
        "out to be near-duplicates, so all of them are used for training from now on."
    )
    before: dict[str, Split] = {
        group: "held out" if splits == {"held out"} else "train"
        for group, splits in found.items()
        if splits
    }
    return before, [warning] if both else []


def _label_warnings(
    labels: Sequence[str], has: NDArray[np.bool_], held_out: NDArray[np.bool_]
) -> list[str]:
    tested = np.count_nonzero(has[held_out], axis=0).tolist()
    learned = np.count_nonzero(has[~held_out], axis=0).tolist()
    counts = list(zip(labels, learned, tested, strict=True))
    untested = [label for label, n_train, n_held_out in counts if n_train and not n_held_out]
    unlearned = [label for label, n_train, n_held_out in counts if n_held_out and not n_train]
    warnings = []
    if untested:
        warnings.append(
            f"In no held-out recording, so its accuracy is unknown: {listed(untested)}. Label "
            "more independent recordings of it."
        )
    if unlearned:
        warnings.append(
            f"Only in held-out recordings, so it cannot be learned: {listed(unlearned)}. Label "
            "more recordings of it, or change one of them to `train` in the split table."
        )
    return warnings
