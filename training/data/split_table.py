"""The split table, ``split.csv``: which recordings are held out, for a person to read and edit.

It is kept by recording, so that a recording keeps its split while more of them arrive.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Literal, NamedTuple

from shared_features.runtime.atomic import atomic_write
from training.data.dataset import Dataset
from training.errors import DatasetError, TableError
from training.recordings.catalog import listed
from training.tables.delimited import Row, read_delimited

Split = Literal["train", "held out"]
SPLIT_FILE = "split.csv"
"""Name of the split table, next to ``final_features.csv``."""
SPLIT_COLUMNS = ("recording", "group", "split")

# Tables of an earlier version have a column `side`, with the values train and test.
_EARLIER_COLUMN = "side"
_SPLITS: Mapping[str, Split] = {"train": "train", "held out": "held out", "test": "held out"}


class SplitEntry(NamedTuple):
    """A row of the split table.

    Attributes:
        recording: Kind and stem of the recording, ``video_routine``; its container may change.
        group: Group of the recording when the row was written.
        split: Split of the recording.
    """

    recording: str
    group: str
    split: Split


def recording_of(filename: str) -> str:
    """The name of a recording in the split table.

    >>> recording_of("video_routine.mp4")
    'video_routine'
    """
    return PurePath(filename).stem


def read_split_table(path: Path) -> list[SplitEntry]:
    """Read the split table; empty if there is none yet.

    Raises:
        DatasetError: The table is damaged.
    """
    if not path.is_file():
        return []
    try:
        table = read_delimited(
            path, {*SPLIT_COLUMNS, _EARLIER_COLUMN}.__contains__, may_be_empty=True
        )
        column = SPLIT_COLUMNS[-1] if SPLIT_COLUMNS[-1] in table.header else _EARLIER_COLUMN
        lacking = [name for name in (*SPLIT_COLUMNS[:2], column) if name not in table.header]
        if lacking:
            raise ValueError(f"it has no column {listed(lacking)}")
        return [_entry(row, column) for row in table.rows]
    except (TableError, ValueError) as error:
        raise DatasetError(
            f"{path} cannot be read as a split table: {error}. Expected the columns "
            f"{', '.join(SPLIT_COLUMNS)}, with `train` or `held out` as the split. Correct the "
            "table, or remove it to choose the held-out recordings again."
        ) from error


def _entry(row: Row, column: str) -> SplitEntry:
    recording, group, split = (row.cells[name] for name in (*SPLIT_COLUMNS[:2], column))
    if not recording or split not in _SPLITS:
        raise ValueError(f"line {row.line} has the split {split!r} for {recording!r}")
    return SplitEntry(recording, group, _SPLITS[split])


def updated_entries(
    known: Iterable[SplitEntry], data: Dataset, splits: Mapping[str, Split]
) -> tuple[SplitEntry, ...]:
    """The rows of the split table after a split, sorted by recording.

    Args:
        known: Rows of the table before. Recordings that are not in ``data`` keep their row, since
            they may come back.
        data: Dataset with the recordings and their groups.
        splits: Split of each group.
    """
    entries = {entry.recording: entry for entry in known}
    for filename, group in set(zip(data.filenames.tolist(), data.groups.tolist(), strict=True)):
        recording = recording_of(filename)
        entries[recording] = SplitEntry(recording, group, splits[group])
    return tuple(sorted(entries.values()))


def write_split_table(path: Path, entries: Sequence[SplitEntry]) -> None:
    """Write the split table atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SPLIT_COLUMNS)
        writer.writerows(entries)
