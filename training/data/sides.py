"""On which side of the held-out split each recording is: a table that a person can read and edit.

Kept by recording, so that a recording stays on its side while more of them arrive.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Literal, NamedTuple, get_args

from shared_features.runtime.atomic import written_whole
from training.data.dataset import Dataset
from training.errors import DatasetError

Side = Literal["train", "test"]
SIDES_FILE = "split.csv"
"""Its name, beside ``final_features.csv``."""
SIDE_COLUMNS = ("recording", "group", "side")


class SideEntry(NamedTuple):
    """A line of the table.

    Attributes:
        recording: kind and stem, ``video_routine``, so that it survives another container.
        group: what it was grouped with when it was written.
        side: where it is.
    """

    recording: str
    group: str
    side: Side


def recording_of(filename: str) -> str:
    """How the table calls a recording.

    >>> recording_of("video_routine.mp4")
    'video_routine'
    """
    return PurePath(filename).stem


def read_sides(path: Path) -> list[SideEntry]:
    """The table; empty if there is none yet.

    Raises:
        DatasetError: it is damaged.
    """
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            entries = [
                SideEntry(row["recording"], row["group"], _side(row["side"])) for row in rows
            ]
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise DatasetError(
            f"{path} cannot be read as a table of sides ({error!r}). Expected the columns "
            f"{', '.join(SIDE_COLUMNS)}, and {' or '.join(get_args(Side))} as side. Correct it, or "
            "remove it to choose anew what is kept back."
        ) from error
    return entries


def write_sides(
    path: Path, data: Dataset, sides: Mapping[str, Side], known: Iterable[SideEntry]
) -> None:
    """Write the table; it is there whole or not at all.

    Args:
        path: of the table.
        data: recordings and their groups.
        sides: of each group.
        known: what the table held; recordings that are not in ``data`` keep their line, for they
            may come back.
    """
    entries = {entry.recording: entry for entry in known}
    for filename, group in set(zip(data.filenames.tolist(), data.groups.tolist(), strict=True)):
        recording = recording_of(filename)
        entries[recording] = SideEntry(recording, group, sides[group])
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        written_whole(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SIDE_COLUMNS)
        writer.writerows(sorted(entries.values()))


def _side(text: str) -> Side:
    for side in get_args(Side):
        if text == side:
            chosen: Side = side
            return chosen
    raise ValueError(f"{text!r} is no side")
