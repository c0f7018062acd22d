"""Which recordings are kept back: chosen label by label, and never chosen anew.

As data grows, what was kept back before stays kept back, so that a model and its champion can be
judged by the same recordings.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.data.dataset_groups import DatasetGroups
from training.data.sides import Side, recording_of
from training.recordings.catalog import listed


def assign_sides(
    data: Dataset, share: float, seed: int, previous: Mapping[str, Side]
) -> tuple[dict[str, Side], list[str]]:
    """On which side of the held-out split each group is, and warnings.

    A group that was assigned before keeps its side. Of the new ones, some are kept back so that
    each label's share comes near ``share``; a label's only group never is.

    Args:
        data: the table.
        share: of each label's rows to keep back, about.
        seed: for choosing among new groups.
        previous: side by recording (``sides.recording_of``). By recording and not by group, since
            groups can grow together when near-duplicates are found.
    """
    groups = DatasetGroups.of(data)
    before, found = _sides_before(data, groups.names, previous)
    in_test = np.array([before.get(name) == "test" for name in groups.names])
    new = [place for place, name in enumerate(groups.names) if name not in before]
    choice = _Choice(groups.counts, share, in_test)
    order = np.random.default_rng(seed).permutation(np.array(new, dtype=np.int64)).tolist()
    choice.test_each_label(order)
    choice.come_near(order)
    sides: dict[str, Side] = {
        name: "test" if test else "train"
        for name, test in zip(groups.names, in_test.tolist(), strict=True)
    }
    return sides, found + _side_warnings(data.labels, groups.counts > 0, in_test)


class _Choice:
    """Groups chosen for the test side one after the other; ``in_test`` is changed in place."""

    def __init__(self, counts: NDArray[np.int64], share: float, in_test: NDArray[np.bool_]) -> None:
        self._has = counts > 0
        self._shares = counts / np.maximum(1, counts.sum(axis=0))
        self._share = share
        self._in_test = in_test
        self._test_shares = self._shares[in_test].sum(axis=0)
        self._n_train = np.count_nonzero(self._has[~in_test], axis=0)
        self._occurs = self._has.any(axis=0)

    def test_each_label(self, order: Sequence[int]) -> None:
        """Put one new group of each label to test, rarest labels first."""
        for label in np.argsort(np.count_nonzero(self._has, axis=0), kind="stable"):
            if np.any(self._has[self._in_test, label]):
                continue
            candidates = [group for group in order if self._has[group, label]]
            candidates = [group for group in candidates if self._may_go(group)]
            if candidates:
                self._move(min(candidates, key=self._distance_with))

    def come_near(self, order: Sequence[int]) -> None:
        """Put more new groups to test while that brings the labels' shares nearer."""
        for group in order:
            nearer = self._distance_with(group) < self._distance(self._test_shares)
            if not self._in_test[group] and nearer and self._may_go(group):
                self._move(group)

    def _may_go(self, group: int) -> bool:
        """Whether each of its labels is still to be learned from another group."""
        return bool(np.all(self._n_train[self._has[group]] >= 2))

    def _distance(self, test_shares: NDArray[np.float64]) -> float:
        return float(np.sum((test_shares[self._occurs] - self._share) ** 2))

    def _distance_with(self, group: int) -> float:
        return self._distance(self._test_shares + self._shares[group])

    def _move(self, group: int) -> None:
        self._in_test[group] = True
        self._test_shares = self._test_shares + self._shares[group]
        self._n_train = self._n_train - self._has[group]


def _sides_before(
    data: Dataset, names: Sequence[str], previous: Mapping[str, Side]
) -> tuple[dict[str, Side], list[str]]:
    """The sides of groups that were assigned before, and warnings of those on both."""
    found: dict[str, set[Side]] = {name: set() for name in names}
    for filename, group in set(zip(data.filenames.tolist(), data.groups.tolist(), strict=True)):
        side = previous.get(recording_of(filename))
        if side is not None:
            found[group].add(side)
    both = [group for group, sides in found.items() if len(sides) > 1]
    warning = (
        f"On both sides of the held-out split until now: {listed(both)}. Recordings turned out to "
        "be near-duplicates of each other, and all of them are trained on from here on."
    )
    before: dict[str, Side] = {
        group: "test" if sides == {"test"} else "train" for group, sides in found.items() if sides
    }
    return before, [warning] if both else []


def _side_warnings(
    labels: Sequence[str], has: NDArray[np.bool_], in_test: NDArray[np.bool_]
) -> list[str]:
    places = {label: at for at, label in enumerate(labels)}
    tested = np.count_nonzero(has[in_test], axis=0).tolist()
    learned = np.count_nonzero(has[~in_test], axis=0).tolist()
    untested = [label for label, at in places.items() if learned[at] and not tested[at]]
    unlearned = [label for label, at in places.items() if tested[at] and not learned[at]]
    found = []
    if untested:
        found.append(
            f"Not among the recordings kept back, so nothing is known about how well it is "
            f"recognised: {listed(untested)}. Label more independent recordings of it."
        )
    if unlearned:
        found.append(
            f"Only in recordings kept back, so it cannot be learned: {listed(unlearned)}. Label "
            "more recordings of it, or change the side of one in the table of sides."
        )
    return found
