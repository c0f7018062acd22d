"""Copies are never separated, augmented rows are never tested on, and a split is kept."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from training.data.dataset import Dataset
from training.data.held_out_choice import choose_held_out
from training.data.split_table import Split, SplitEntry, read_split_table
from training.data.splits import (
    HeldOutSplit,
    fold_warnings,
    grouped_folds,
    held_out_split,
    save_split,
)
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
@settings(max_examples=60)
def test_folds_never_leak(data: Dataset, n_folds: int, seed: int) -> None:
    """For any dataset, no fold separates a group and every real row is tested once."""
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
@settings(max_examples=60)
def test_the_held_out_choice_never_leaks(data: Dataset, share: float, seed: int) -> None:
    """Every group has one split, and no label is held out altogether."""
    assume(splittable(data))
    splits, _ = choose_held_out(data, share, seed, {})
    assert set(splits) == set(data.groups.tolist())
    train = np.array([splits[group] == "train" for group in data.groups.tolist()])
    assert set(data.codes[~data.augmented].tolist()) == set(
        data.codes[train & ~data.augmented].tolist()
    )


@given(
    st.lists(st.sampled_from(LABELS), min_size=3, max_size=20), st.floats(0.05, 0.6), st.integers(0)
)
@settings(max_examples=40)
def test_whatever_can_be_tested_is_tested(labels: list[str], share: float, seed: int) -> None:
    """A label of two recordings or more has one of them held out, whatever the share."""
    data = simple({f"r{number}": label for number, label in enumerate(labels)})
    splits, warnings = choose_held_out(data, share, seed, {})
    tested = {labels[int(group[1:])] for group, split in splits.items() if split == "held out"}
    assert tested == {label for label in labels if labels.count(label) > 1}
    alone = [label for label in LABELS if labels.count(label) == 1]
    assert [label for label in alone if label in " ".join(warnings)] == alone


@given(tables(), tables(), st.integers(0, 1000))
@settings(max_examples=40)
def test_splits_stay_as_data_grows(old: Dataset, new: Dataset, seed: int) -> None:
    """New recordings never change the split of earlier ones."""
    assume(splittable(old))
    before, _ = choose_held_out(old, 0.25, seed, {})
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
    after, warnings = choose_held_out(grown, 0.25, seed, previous)
    assert {group: after[group] for group in before} == before
    assert not any("near-duplicates" in warning for warning in warnings)


def _by_recording(data: Dataset, splits: dict[str, Split]) -> dict[str, Split]:
    return {
        name.removesuffix(".mp4"): splits[group]
        for name, group in zip(data.filenames.tolist(), data.groups.tolist(), strict=True)
    }


def saved_split(data: Dataset, share: float, seed: int, path: Path) -> HeldOutSplit:
    """A split that continues the table at ``path`` and is recorded there, as training does it."""
    split = held_out_split(data, share, seed, read_split_table(path))
    save_split(path, split)
    return split


def test_each_labels_share_comes_near() -> None:
    """With enough groups, about a fifth of every label's rows is held out, rare ones included."""
    random = np.random.default_rng(3)
    labels = ["meathook"] * 60 + ["back lever"] * 30 + ["front lever"] * 5 + ["other"] * 10
    data = dataset(
        [
            (str(number), str(number), LABELS.index(label), False)
            for number, label in enumerate(labels)
            for _ in range(random.integers(20, 200))
        ]
    )
    split = held_out_split(data, 0.2, 1, [])
    for code in range(4):
        rows = data.codes == code
        assert 0.12 < rows[split.held_out].sum() / rows.sum() < 0.33
    assert split.warnings == ()


def test_the_split_is_kept_in_a_table_and_used_again(tmp_path: Path) -> None:
    """Neither another seed nor more data changes the split of a recording that has one."""
    path = tmp_path / "final" / "split.csv"
    groups = {f"r{number}": LABELS[number % 3] for number in range(12)}
    first = saved_split(simple(groups), 0.25, 1, path)
    entries = {entry.recording: entry for entry in read_split_table(path)}
    assert set(entries) == {f"video_{group}" for group in groups}
    assert {entry.group: entry.split for entry in entries.values()} == first.by_group
    fewer = dict(list(groups.items())[2:]) | {f"new{number}": "other" for number in range(6)}
    second = saved_split(simple(fewer), 0.25, 2, path)
    assert all(
        second.by_group[group] == first.by_group[group] for group in fewer if group in groups
    )
    # Recordings that were taken away keep their row, in case they come back.
    kept = {entry.recording: entry.split for entry in read_split_table(path)}
    assert {name: kept[name] for name in entries} == {n: e.split for n, e in entries.items()}
    third = saved_split(simple(groups), 0.25, 3, path)
    assert third.by_group == first.by_group


def test_splitting_writes_nothing_and_says_whether_it_is_new(tmp_path: Path) -> None:
    """Only a saved split is on disk; one that is recorded already is not written again."""
    path = tmp_path / "split.csv"
    data = simple({f"r{number}": LABELS[number % 2] for number in range(8)})
    split = held_out_split(data, 0.25, 0, read_split_table(path))
    assert split.is_new
    assert list(tmp_path.iterdir()) == []
    save_split(path, split)
    again = held_out_split(data, 0.25, 1, read_split_table(path))
    assert not again.is_new
    before = path.stat()
    save_split(path, again)
    assert path.stat().st_ino == before.st_ino


def test_a_split_table_of_an_earlier_version_is_understood(tmp_path: Path) -> None:
    """Its last column is called ``side``, and what is held out is called ``test`` there."""
    path = tmp_path / "split.csv"
    path.write_text("recording,group,side\nvideo_a,a,test\nvideo_b,b,train\n", encoding="utf-8")
    assert read_split_table(path) == [
        SplitEntry("video_a", "a", "held out"),
        SplitEntry("video_b", "b", "train"),
    ]


def test_rows_of_the_held_out_split() -> None:
    """Mirror images are learned from and never tested on."""
    data = simple({f"r{number}": LABELS[number % 2] for number in range(8)})
    split = held_out_split(data, 0.25, 0, [])
    held_out = np.array([split.by_group[group] == "held out" for group in data.groups.tolist()])
    assert np.array_equal(split.train, np.flatnonzero(~held_out))
    assert np.array_equal(split.held_out, np.flatnonzero(held_out & ~data.augmented))
    assert len(split.train) + 2 * len(split.held_out) == len(data)


def test_groups_that_merge_across_the_split_are_trained_on(tmp_path: Path) -> None:
    """A held-out recording that turns out to be a copy of a training one is a test no longer."""
    path = tmp_path / "split.csv"
    groups = {f"r{number}": LABELS[number % 2] for number in range(10)}
    by_group = saved_split(simple(groups), 0.3, 0, path).by_group
    held_out = next(group for group, split in by_group.items() if split == "held out")
    trained_on = next(group for group, split in by_group.items() if split == "train")
    rows = [
        (name, trained_on if name == held_out else name, LABELS.index(label), False)
        for name, label in groups.items()
        for _ in range(4)
    ]
    after = saved_split(dataset(rows), 0.3, 0, path)
    assert after.by_group[trained_on] == "train"
    assert any(trained_on in warning and "near-duplicates" in warning for warning in after.warnings)
    splits = {entry.recording: entry.split for entry in read_split_table(path)}
    assert splits[f"video_{held_out}"] == "train"


def test_a_label_in_one_recording_is_learned_and_not_tested() -> None:
    """Folds and the held-out split both warn and name the label."""
    data = simple({"a": "meathook", "b": "other", "c": "other", "d": "other"})
    split = held_out_split(data, 0.3, 0, [])
    assert split.by_group["a"] == "train"
    assert any("meathook" in warning for warning in split.warnings)
    warnings = fold_warnings(data, 3)
    assert any("only one independent recording: meathook" in warning for warning in warnings)


def test_labels_in_fewer_groups_than_folds_are_counted() -> None:
    """The label is named, and all folds are made."""
    groups = {f"o{number}": "other" for number in range(6)} | {"a": "meathook", "b": "meathook"}
    data = simple(groups)
    (warning,) = fold_warnings(data, 5)
    assert "meathook (2)" in warning
    assert len(grouped_folds(data, 5, 0)) == 5


def test_fewer_groups_than_folds_give_fewer_folds() -> None:
    """There are as many folds as groups, and a warning says so."""
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
def test_what_cannot_be_split_is_an_error(groups: dict[str, str], message: str) -> None:
    """Folds and the held-out split name all reasons at once."""
    data = simple(groups)
    with pytest.raises(DatasetError, match=message):
        grouped_folds(data, 2, 0)
    with pytest.raises(DatasetError, match=message):
        held_out_split(data, 0.2, 0, [])


def test_one_recording_of_each_label_cannot_be_held_out() -> None:
    """Each recording is the only one to learn its label from."""
    data = simple({"a": "other", "b": "meathook"})
    with pytest.raises(DatasetError, match="at least two of each pose"):
        held_out_split(data, 0.2, 0, [])


def test_one_row_of_each_label_cannot_be_cross_validated() -> None:
    """Two photos are not a dataset."""
    data = dataset([("a", "a", 0, False), ("b", "b", 1, False)])
    with pytest.raises(DatasetError, match="only one row"):
        grouped_folds(data, 2, 0)


@pytest.mark.parametrize(
    "text",
    [
        "recording,split\na,held out\n",
        "recording,group,split\na,a,both\n",
        "recording,group,split\na\n",
    ],
    ids=["a column missing", "no such split", "a field missing"],
)
def test_a_damaged_split_table_is_refused(tmp_path: Path, text: str) -> None:
    """A silent new choice would let held-out recordings be trained on."""
    path = tmp_path / "split.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"split\.csv.*split table"):
        read_split_table(path)
