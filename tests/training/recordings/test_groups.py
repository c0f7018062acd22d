"""Groups are the connected recordings: copies by name, declared groups and near-duplicates."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import LabelError
from training.recordings.groups import (
    GROUPS_FILE,
    DeclaredGroup,
    add_groups,
    group_recordings,
    read_groups,
)
from training.recordings.near_duplicates import NearDuplicates

NAMES = [f"video_{letter}" for letter in "abcdefgh"]
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=10)
DECLARED = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from("xyz")), max_size=6)


def connected(links: list[tuple[str, str]]) -> dict[str, set[str]]:
    """The names reachable from each name, by repeated merging."""
    sets = {name: {name} for name in NAMES}
    for first, second in links:
        merged = sets[first] | sets[second]
        for name in merged:
            sets[name] = merged
    return sets


@given(PAIRS, DECLARED)
def test_a_group_is_what_is_connected(
    pairs: list[tuple[str, str]], declared: list[tuple[str, str]]
) -> None:
    """It is named by groups.csv, or else after its first recording; every merge is counted."""
    rows = [DeclaredGroup(f"{name}.mp4", group) for name, group in declared]
    duplicates = [NearDuplicates(*pair, "same images") for pair in pairs]
    grouping = group_recordings(NAMES, rows, duplicates)
    same_group = [(a, b) for a, x in declared for b, y in declared if x == y]
    expected = connected(same_group + pairs)
    for name in NAMES:
        names_of_groups = [group for member, group in declared if member in expected[name]]
        assert grouping.of_recording[name] == min(names_of_groups or expected[name])
    merges = len(NAMES) - len({frozenset(group) for group in expected.values()})
    assert sum(grouping.joined.values()) == merges


def test_copies_by_name_are_in_the_group_of_their_source() -> None:
    """Mirrored and augmented copies belong to the recording they were made from."""
    copies = ["photo_a", "photo_mirrored_a", "photo_a_jpg.rf.0f3a9b2c4d5e6f70", "photo_b"]
    grouping = group_recordings(copies, [], [])
    assert list(grouping.of_recording.values()) == ["photo_a", "photo_a", "photo_a", "photo_b"]
    assert grouping.joined["copies by name"] == 2


def test_groups_are_added_and_never_removed(tmp_path: Path) -> None:
    """Each row is there once, in order."""
    path = tmp_path / GROUPS_FILE
    assert read_groups(path) == []
    first, second = DeclaredGroup("video_b.mp4", "monday"), DeclaredGroup("video_a.mp4", "monday")
    add_groups(path, [first])
    add_groups(path, [second, first])
    assert read_groups(path) == [second, first]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,group\na,b\n", "not a table of groups"),
        ("filename,group\nvideo_a.mp4,\n", "in line 2"),
    ],
    ids=["other columns", "no group"],
)
def test_a_damaged_table_of_groups_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Recordings that belong together would be separated unnoticed."""
    path = tmp_path / GROUPS_FILE
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelError, match=message):
        read_groups(path)
