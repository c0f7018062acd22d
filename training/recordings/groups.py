"""Groups of recordings that no split may separate.

A recording is in one group with its mirrored and augmented copies (recognised by name), with the
recordings that ``groups.csv`` puts it together with, and with its near-duplicates.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

from shared_features.runtime.atomic import atomic_write
from training.errors import LabelError, TableError
from training.recordings.catalog import SUFFIXES, listed, source_recording
from training.recordings.near_duplicates import NearDuplicates
from training.tables.delimited import read_delimited

GROUPS_FILE = "groups.csv"
"""Name of the table of groups, in the folder of label tables."""
GROUP_COLUMNS = ("filename", "group")


class DeclaredGroup(NamedTuple):
    """A row of ``groups.csv``.

    Attributes:
        filename: File name of the recording, prefixed with its kind.
        group: Group of the recording. If it is in several, these become one.
    """

    filename: str
    group: str


@dataclass(frozen=True)
class Grouping:
    """The group of each recording.

    Attributes:
        of_recording: Group by kind and stem of the recording, ``video_routine``.
        joined: Number of times two groups became one, by reason.
        unknown: Names in ``groups.csv`` that are none of the recordings, sorted.
    """

    of_recording: dict[str, str]
    joined: dict[str, int]
    unknown: tuple[str, ...] = ()


def read_groups(path: Path) -> list[DeclaredGroup]:
    """Read ``groups.csv``; empty if there is none.

    Raises:
        LabelError: The file is damaged.
    """
    if not path.is_file():
        return []
    try:
        table = read_delimited(path, GROUP_COLUMNS.__contains__, may_be_empty=True)
    except TableError as error:
        raise LabelError(str(error)) from error
    missing = [name for name in GROUP_COLUMNS if name not in table.header]
    if missing:
        raise LabelError(
            f"{path} is not a table of groups: expected the columns {', '.join(GROUP_COLUMNS)}, "
            f"got {', '.join(table.header)}."
        )
    groups = [DeclaredGroup(row.cells["filename"], row.cells["group"]) for row in table.rows]
    incomplete = [
        str(row.line) for row in table.rows if not (row.cells["filename"] and row.cells["group"])
    ]
    if incomplete:
        raise LabelError(f"{path} lacks a filename or a group in line {listed(incomplete)}.")
    return groups


def add_groups(path: Path, groups: Iterable[DeclaredGroup]) -> None:
    """Add rows to ``groups.csv``. Existing rows stay, so that no split separates them later."""
    together = sorted({*read_groups(path), *groups})
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(GROUP_COLUMNS)
        writer.writerows(together)


def group_recordings(
    recordings: Sequence[str],
    declared: Sequence[DeclaredGroup],
    duplicates: Sequence[NearDuplicates],
) -> Grouping:
    """The group of each recording.

    Args:
        recordings: All recordings, by kind and stem: ``video_routine``.
        declared: Rows of ``groups.csv``. A name may lack its kind and its suffix.
        duplicates: Near-duplicates, by kind and stem.
    """
    from scipy.cluster.hierarchy import DisjointSet

    # A stem may contain dots, so it needs a suffix after the last one.
    sources = {recording: source_recording(f"{recording}.any") for recording in recordings}
    joined: Counter[str] = Counter()
    joined["copies by name"] = len(sources) - len(set(sources.values()))
    groups = DisjointSet(sources.values())
    named = {row.filename: _named_in(sources, row.filename) for row in declared}
    declared_here = {
        (recording, row.group) for row in declared if (recording := named[row.filename]) is not None
    }
    first_of_group: dict[str, str] = {}
    for recording, group in sorted(declared_here):
        source = sources[recording]
        joined[GROUPS_FILE] += groups.merge(first_of_group.setdefault(group, source), source)
    for first, second, reason in duplicates:
        joined[reason] += groups.merge(sources[first], sources[second])
    declared_names: dict[str, list[str]] = defaultdict(list)
    for recording, group in declared_here:
        declared_names[groups[sources[recording]]].append(group)
    # A group is named by ``groups.csv``, or else after the first of its recordings.
    names = {
        source: min(declared_names.get(groups[source], subset))
        for subset in groups.subsets()
        for source in subset
    }
    return Grouping(
        {recording: names[source] for recording, source in sources.items()},
        dict(joined),
        tuple(sorted(name for name, recording in named.items() if recording is None)),
    )


def _named_in(recordings: Collection[str], name: str) -> str | None:
    """The recording that a row of ``groups.csv`` means; None if there is none."""
    stems = {name, PurePath(name).stem}
    candidates = [*stems, *(f"{kind}_{stem}" for stem in sorted(stems) for kind in SUFFIXES)]
    found = {candidate for candidate in candidates if candidate in recordings}
    return found.pop() if len(found) == 1 else None
