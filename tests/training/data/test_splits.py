"""No recording and its copies on two sides, nothing judged by made-up rows, nothing twice."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from training.data.dataset import Dataset
from training.data.side_choice import assign_sides
from training.data.sides import Side, read_sides
from training.data.splits import fold_warnings, grouped_folds, held_out_split
from training.errors import DatasetError

LABELS = ("meathook", "back lever", "front lever", "other")


def dataset(rows: list[tuple[str, str, int, bool]]) -> Dataset:
    """A table of (recording, group, label, augmented)."""
    codes = np.array([code for _, _, code, _ in rows], dtype=np.int64)
    occurring = sorted(set(codes.tolist()))
    return Dataset(
        columns=("left_elbow_angle",),
        labels=tuple(LABELS[code] for code in occurring),
        features=np.zeros((len(rows), 1), dtype=np.float32),
        codes=np.searchsorted(occurring, codes).astype(np.int64),
        groups=np.array([group for _, group, _, _ in rows]),
        filenames=np.array([f"video_{recording}.mp4" for recording, _, _, _ in rows]),
        frame_numbers=np.arange(len(rows), dtype=np.int64),
        augmented=np.array([augmented for _, _, _, augmented in rows], dtype=bool),
    )


def simple(groups: dict[str, str], frames: int = 4) -> Dataset:
    """A recording per group, all of its frames with one label, and their mirror images."""
    return dataset(
        [
            (group, group, LABELS.index(label), augmented)
            for group, label in groups.items()
            for _ in range(frames)
            for augmented in (False, True)
        ]
    )


@st.composite
def tables(draw: st.DrawFn) -> Dataset:
    """Groups of any size with any labels, copies by name among them, rows in any order."""
    rows = []
    for group in range(draw(st.integers(2, 12))):
        for copy in range(draw(st.integers(1, 3))):
            labels = draw(st.lists(st.integers(0, 3), min_size=1, max_size=6))
            for label in labels:
                rows.append((f"{group}_{copy}", f"g{group}", label, False))
                if draw(st.booleans()):
                    rows.append((f"{group}_{copy}", f"g{group}", label, True))
    return dataset(draw(st.permutations(rows)))


def splittable(data: Dataset) -> bool:
    """Two labels, one of them in two rows."""
    counts = np.bincount(data.codes[~data.augmented])
    return bool(np.count_nonzero(counts) > 1 and counts.max() > 1)


@given(tables(), st.integers(2, 6), st.integers(0, 1000))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_folds_never_leak(data: Dataset, n_folds: int, seed: int) -> None:
    """Whatever the table: no group on both sides, and every real row is judged exactly once."""
    assume(splittable(data))
    folds = grouped_folds(data, n_folds, seed)
    for fold in folds:
        assert len(fold.test)
        assert not set(data.groups[fold.train]) & set(data.groups[fold.test])
        assert not data.augmented[fold.test].any()
        others = ~np.isin(data.groups, data.groups[fold.test])
        assert np.array_equal(fold.train, np.flatnonzero(others))
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested.tolist()) == np.flatnonzero(~data.augmented).tolist()
    fold_warnings(data, n_folds)
    again = grouped_folds(data, n_folds, seed)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(folds, again, strict=True))


@given(tables(), st.floats(0.05, 0.6), st.integers(0, 1000))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_sides_never_leak(data: Dataset, share: float, seed: int) -> None:
    """A group is on one side, and no label is kept back altogether."""
    assume(splittable(data))
    sides, _ = assign_sides(data, share, seed, {})
    assert set(sides) == set(data.groups.tolist())
    train = np.array([sides[group] == "train" for group in data.groups.tolist()])
    assert set(data.codes[~data.augmented].tolist()) == set(
        data.codes[train & ~data.augmented].tolist()
    )


@given(
    st.lists(st.sampled_from(LABELS), min_size=3, max_size=20), st.floats(0.05, 0.6), st.integers(0)
)
@settings(deadline=None, max_examples=40)
def test_whatever_can_be_tested_is_tested(labels: list[str], share: float, seed: int) -> None:
    """A label of two recordings or more has one of them kept back, whatever the share."""
    data = simple({f"r{number}": label for number, label in enumerate(labels)})
    sides, warnings = assign_sides(data, share, seed, {})
    tested = {labels[int(group[1:])] for group, side in sides.items() if side == "test"}
    assert tested == {label for label in labels if labels.count(label) > 1}
    alone = [label for label in LABELS if labels.count(label) == 1]
    assert [label for label in alone if label in " ".join(warnings)] == alone


@given(tables(), tables(), st.integers(0, 1000))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_sides_stay_as_data_grows(old: Dataset, new: Dataset, seed: int) -> None:
    """Whatever arrives, what was kept back stays kept back, and what was trained on too."""
    assume(splittable(old))
    before, _ = assign_sides(old, 0.25, seed, {})
    rows = [
        *zip(old.filenames, old.groups, [old.labels[c] for c in old.codes], strict=True),
        *zip(
            [f"video_new_{name[6:]}" for name in new.filenames],
            [f"new {group}" for group in new.groups],
            [new.labels[c] for c in new.codes],
            strict=True,
        ),
    ]
    grown = dataset([(n[6:-4], group, LABELS.index(label), False) for n, group, label in rows])
    previous = _by_recording(old, before)
    after, warnings = assign_sides(grown, 0.25, seed, previous)
    assert {group: after[group] for group in before} == before
    assert not any("both sides" in warning for warning in warnings)


def _by_recording(data: Dataset, sides: dict[str, Side]) -> dict[str, Side]:
    return {
        name.removesuffix(".mp4"): sides[group]
        for name, group in zip(data.filenames.tolist(), data.groups.tolist(), strict=True)
    }


def test_each_labels_share_comes_near(tmp_path: Path) -> None:
    """With enough groups, about a fifth of every label's rows is kept back, rare ones included."""
    random = np.random.default_rng(3)
    labels = ["meathook"] * 60 + ["back lever"] * 30 + ["front lever"] * 5 + ["other"] * 10
    data = dataset(
        [
            (str(number), str(number), LABELS.index(label), False)
            for number, label in enumerate(labels)
            for _ in range(random.integers(20, 200))
        ]
    )
    split = held_out_split(data, 0.2, 1, tmp_path / "split.csv")
    for code in range(4):
        rows = data.codes == code
        assert 0.12 < rows[split.test].sum() / rows.sum() < 0.33
    assert split.warnings == ()


def test_the_split_is_kept_in_a_table_and_used_again(tmp_path: Path) -> None:
    """Another seed and more data change nothing about recordings that have a side."""
    path = tmp_path / "final" / "split.csv"
    groups = {f"r{number}": LABELS[number % 3] for number in range(12)}
    first = held_out_split(simple(groups), 0.25, 1, path)
    entries = {entry.recording: entry for entry in read_sides(path)}
    assert set(entries) == {f"video_{group}" for group in groups}
    assert {entry.group: entry.side for entry in entries.values()} == first.sides
    fewer = dict(list(groups.items())[2:]) | {f"new{number}": "other" for number in range(6)}
    second = held_out_split(simple(fewer), 0.25, 2, path)
    assert all(second.sides[group] == first.sides[group] for group in fewer if group in groups)
    # Recordings that were taken away keep their line, in case they come back.
    kept = {entry.recording: entry.side for entry in read_sides(path)}
    assert {name: kept[name] for name in entries} == {n: e.side for n, e in entries.items()}
    third = held_out_split(simple(groups), 0.25, 3, path)
    assert third.sides == first.sides


def test_rows_of_the_held_out_split(tmp_path: Path) -> None:
    """Mirror images are learned from, and judge nothing."""
    data = simple({f"r{number}": LABELS[number % 2] for number in range(8)})
    split = held_out_split(data, 0.25, 0, tmp_path / "split.csv")
    kept_back = np.array([split.sides[group] == "test" for group in data.groups.tolist()])
    assert np.array_equal(split.train, np.flatnonzero(~kept_back))
    assert np.array_equal(split.test, np.flatnonzero(kept_back & ~data.augmented))
    assert len(split.train) + 2 * len(split.test) == len(data)


def test_groups_that_grow_together_across_the_split_are_trained_on(tmp_path: Path) -> None:
    """A recording kept back that turns out to be a copy of one trained on tells nothing more."""
    path = tmp_path / "split.csv"
    groups = {f"r{number}": LABELS[number % 2] for number in range(10)}
    sides = held_out_split(simple(groups), 0.3, 0, path).sides
    kept_back = next(group for group, side in sides.items() if side == "test")
    trained_on = next(group for group, side in sides.items() if side == "train")
    rows = [
        (name, trained_on if name == kept_back else name, LABELS.index(label), False)
        for name, label in groups.items()
        for _ in range(4)
    ]
    after = held_out_split(dataset(rows), 0.3, 0, path)
    assert after.sides[trained_on] == "train"
    assert any(trained_on in warning and "near-duplicates" in warning for warning in after.warnings)
    assert {entry.recording: entry.side for entry in read_sides(path)}[
        f"video_{kept_back}"
    ] == "train"


def test_a_label_in_one_recording_is_learned_and_not_tested(tmp_path: Path) -> None:
    """It is said for folds and for the held-out split, by name."""
    data = simple({"a": "meathook", "b": "other", "c": "other", "d": "other"})
    split = held_out_split(data, 0.3, 0, tmp_path / "split.csv")
    assert split.sides["a"] == "train"
    assert any("meathook" in warning for warning in split.warnings)
    warnings = fold_warnings(data, 3)
    assert any("one independent recording only: meathook" in warning for warning in warnings)


def test_labels_in_fewer_groups_than_folds_are_counted() -> None:
    """And the folds go on."""
    groups = {f"o{number}": "other" for number in range(6)} | {"a": "meathook", "b": "meathook"}
    data = simple(groups)
    (warning,) = fold_warnings(data, 5)
    assert "meathook (2)" in warning
    assert len(grouped_folds(data, 5, 0)) == 5


def test_fewer_groups_than_folds_give_fewer_folds() -> None:
    """As many as there are groups, and it is said."""
    data = simple({"a": "other", "b": "other", "c": "meathook"})
    assert len(grouped_folds(data, 5, 0)) == 3
    assert "3" in fold_warnings(data, 5)[0]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"a": "other", "b": "other"}, "only one label"),
        ({"a": "other"}, r"only one label(.|\n)*one recording"),
    ],
    ids=["one label", "one label and one group"],
)
def test_what_cannot_be_split_is_an_error(
    tmp_path: Path, groups: dict[str, str], message: str
) -> None:
    """All reasons at once, for folds and for the held-out split."""
    data = simple(groups)
    with pytest.raises(DatasetError, match=message):
        grouped_folds(data, 2, 0)
    with pytest.raises(DatasetError, match=message):
        held_out_split(data, 0.2, 0, tmp_path / "split.csv")
    assert not (tmp_path / "split.csv").exists()


def test_one_recording_of_each_label_cannot_be_held_out(tmp_path: Path) -> None:
    """Each of them is the only one to learn its label from."""
    data = simple({"a": "other", "b": "meathook"})
    with pytest.raises(DatasetError, match="at least two of each pose"):
        held_out_split(data, 0.2, 0, tmp_path / "split.csv")


def test_one_row_of_each_label_cannot_be_cross_validated() -> None:
    """Two photos are no data set."""
    data = dataset([("a", "a", 0, False), ("b", "b", 1, False)])
    with pytest.raises(DatasetError, match="one row only"):
        grouped_folds(data, 2, 0)


@pytest.mark.parametrize(
    "text",
    ["recording,side\na,test\n", "recording,group,side\na,a,both\n", "recording,group,side\na\n"],
    ids=["a column missing", "no such side", "a field missing"],
)
def test_a_damaged_table_of_sides_is_refused(tmp_path: Path, text: str) -> None:
    """Choosing anew in silence would let kept-back recordings be trained on."""
    path = tmp_path / "split.csv"
    path.write_text(text)
    data: Any = simple({"a": "other", "b": "meathook", "c": "other", "d": "meathook"})
    with pytest.raises(DatasetError, match=r"split\.csv"):
        held_out_split(data, 0.5, 0, path)
