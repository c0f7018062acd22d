"""Groups of recordings that must stay together in every split.

A recording is with its mirrored and augmented copies (by name), with whatever ``groups.csv`` puts
it together with, and with its near-duplicates.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

from shared_features.runtime.atomic import written_whole
from training.errors import LabelError
from training.recordings.catalog import source_recording
from training.recordings.near_duplicates import Likeness

GROUPS_FILE = "groups.csv"
"""Its name, in the folder of label tables."""
GROUP_COLUMNS = ("filename", "group")


class DeclaredGroup(NamedTuple):
    """A line of ``groups.csv``.

    Attributes:
        filename: of the recording, with its kind in front.
        group: what it belongs to. A recording may be in several, which are then one.
    """

    filename: str
    group: str


@dataclass(frozen=True)
class Grouping:
    """The group of each recording.

    Attributes:
        of_recording: group by kind and stem, ``video_routine``.
        joined: how many times two groups became one, by reason.
    """

    of_recording: dict[str, str]
    joined: dict[str, int]


def read_groups(path: Path) -> list[DeclaredGroup]:
    """``groups.csv``; empty if there is none.

    Raises:
        LabelError: it is damaged.
    """
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != GROUP_COLUMNS:
                raise LabelError(
                    f"{path} is no table of groups: expected the columns "
                    f"{', '.join(GROUP_COLUMNS)}, got {', '.join(rows.fieldnames or ['nothing'])}."
                )
            groups = [DeclaredGroup(row["filename"], row["group"]) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise LabelError(f"{path} cannot be read as a table of groups ({error}).") from error
    incomplete = [line for line, row in enumerate(groups, 2) if not (row.filename and row.group)]
    if incomplete:
        raise LabelError(f"{path} lacks a filename or a group in lines {incomplete}.")
    return groups


def add_groups(path: Path, groups: Iterable[DeclaredGroup]) -> None:
    """Add to ``groups.csv``. Nothing that is there is taken away, so nothing can leak that way."""
    together = sorted({*read_groups(path), *groups})
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        written_whole(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(GROUP_COLUMNS)
        writer.writerows(together)


def group_recordings(
    recordings: Sequence[str], declared: Sequence[DeclaredGroup], alike: Sequence[Likeness]
) -> Grouping:
    """Who belongs together.

    Args:
        recordings: all of them, by kind and stem: ``video_routine``.
        declared: ``groups.csv``. Lines of other recordings are left out.
        alike: near-duplicates, by kind and stem.
    """
    # A stem may hold dots; what stands behind the last one must be a suffix.
    sources = {recording: source_recording(f"{recording}.any") for recording in recordings}
    joined: Counter[str] = Counter()
    joined["copies by name"] = len(sources) - len(set(sources.values()))
    circles = _Circles()
    groups_by_name = {
        (PurePath(line.filename).stem, line.group)
        for line in declared
        if PurePath(line.filename).stem in sources
    }
    first_in: dict[str, str] = {}
    for recording, group in sorted(groups_by_name):
        source = sources[recording]
        joined[GROUPS_FILE] += circles.join(first_in.setdefault(group, source), source)
    for first, second, reason in alike:
        joined[reason] += circles.join(sources[first], sources[second])
    names: dict[str, str] = {}
    for recording, group in groups_by_name:
        circle = circles.find(sources[recording])
        names[circle] = min(group, names.get(circle, group))
    return Grouping(
        {
            recording: names.get(circles.find(source), circles.find(source))
            for recording, source in sources.items()
        },
        dict(joined),
    )


class _Circles:
    """Sets that grow together (union-find); each is called by its smallest member."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def find(self, member: str) -> str:
        """What the set of a member is called."""
        root = member
        while root in self._parents:
            root = self._parents[root]
        while member != root:
            self._parents[member], member = root, self._parents[member]
        return root

    def join(self, first: str, second: str) -> bool:
        """Make one set of two; whether they were two."""
        kept, gone = sorted((self.find(first), self.find(second)))
        if kept == gone:
            return False
        self._parents[gone] = kept
        return True
