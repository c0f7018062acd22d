"""Labels from a table: one row per recording, per range of frames or of time, or per frame."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePosixPath

from training.errors import LabelError
from training.labels.imports.label_columns import LabelColumns, find_columns, recognised
from training.labels.known_recordings import KnownRecordings, kind_of
from training.labels.label_claims import LabelClaim, LabelSource
from training.recordings.catalog import Recording, listed, recording_name
from training.tables.column_names import plain_name
from training.tables.delimited import DelimitedTable, Row
from training.tables.numbers import DecimalSign, decimal_sign, seconds, whole_number
from training.words import counted

_TIMES = ("start", "end", "duration")
_MILLISECONDS = re.compile(r"(^|_)ms(ec)?$")


@dataclass(frozen=True)
class TableReading:
    """How a table is meant where its column names do not say so.

    Attributes:
        columns: Columns that a person named; the others are recognised.
        ignored: Columns that a person does not need.
        frames_from: Number of a recording's first frame in the table.
        end_exclusive: Whether the last frame of a range is the first one after it.
    """

    columns: LabelColumns = field(default_factory=LabelColumns)
    ignored: Sequence[str] = ()
    frames_from: int = 0
    end_exclusive: bool = False


def labels_of_table(
    table: DelimitedTable, media: Sequence[Path], known: KnownRecordings, how: TableReading
) -> LabelSource:
    """The labels of a table.

    Args:
        table: The table, read with the columns that are ``wanted``.
        media: Folders that its paths are relative to; empty: its own folder.
        known: Recordings to match paths with if there is no such file.
        how: How the table is meant.

    Raises:
        LabelError: It is not certain which columns hold the recordings, labels, frames and times,
            or how its numbers are written.
    """
    path = table.path
    values = {name: [row.cells[name] for row in table.rows] for name in table.header if name}
    columns, unused = find_columns(path, table.header, values, how.columns, how.ignored)
    try:
        named = columns.named()
        numbers = (values[named[role]] for role in _TIMES if role in named)
        sign = decimal_sign((cell for cells in numbers for cell in cells), table.separator)
    except ValueError as error:
        raise LabelError(f"{path} cannot be read for certain: {error}.") from error
    claims: list[LabelClaim] = []
    problems, without_label = [], 0
    find = _Finder(path.parent, media, known)
    for row in table.rows:
        cells = {role: row.cells[name] for role, name in named.items()}
        if not cells["label"]:
            without_label += 1
            continue
        try:
            claims.append(_claim(row, cells, columns, sign, how, find))
        except ValueError as error:
            problems.append(f"line {row.line}: {error}")
    remarks = [*table.remarks, *_remarks(path, named, unused, how, find)]
    if without_label:
        remarks.append(f"{counted(without_label, 'row')} without a label.")
    if how.frames_from == 0 and min((first for first in _firsts(claims)), default=0) == 1:
        remarks.append(
            "No range starts with frame 0. If frames are counted from 1, pass --frames-from 1."
        )
    problems += _other_counting(claims, how, named)
    return LabelSource(path, claims, problems, remarks, _hint(named, how))


def wanted(given: LabelColumns, name: str) -> bool:
    """Whether a column was named by a person or has a usual name."""
    return name in given.named().values() or recognised(name)


class _Finder:
    """Finds the recordings of paths as people write them."""

    def __init__(self, folder: Path, media: Sequence[Path], known: KnownRecordings) -> None:
        self.folder_name = folder.resolve().name
        self._bases, self._known = list(media) or [folder], known
        self._found: dict[str, Recording | None] = {}
        self._below: dict[str, list[tuple[Path, Path]]] | None = None
        self.by_name_alone: list[str] = []

    def __call__(self, given: str) -> Recording | None:
        if given not in self._found:
            self._found[given] = self._find(given)
        return self._found[given]

    def _find(self, given: str) -> Recording | None:
        for base in self._bases:
            if recording := self._known.at(base / given, base):
                return recording
        path = PurePosixPath(given)
        recording = self._known.named(path) or self._known.prefixed(path)
        if recording is None and len(path.parts) == 1:
            recording = self._only_file(given)
        return recording

    def _only_file(self, name: str) -> Recording | None:
        """The recording of a bare file name that only one file in a subfolder has."""
        if self._below is None:
            self._below = defaultdict(list)
            for base in self._bases:
                for path in base.rglob("*"):
                    self._below[path.name].append((path, base))
        files = self._below.get(name, [])
        if len(files) != 1:
            return None
        (path, base) = files[0]
        if recording := self._known.at(path, base):
            self.by_name_alone.append(recording_name(path, base))
            return recording
        return None


def _claim(
    row: Row,
    cells: Mapping[str, str],
    columns: LabelColumns,
    sign: DecimalSign,
    how: TableReading,
    find: _Finder,
) -> LabelClaim:
    given = cells["path"].replace("\\", "/")
    if not given:
        raise ValueError("expected the path of a recording")
    group = cells.get("group") or None
    # Many sources just number their groups, so the folder is part of the name.
    group = group and f"{find.folder_name}/{group}"
    first, last = _frames(cells, how)
    start_s, end_s = _times(cells, columns, sign)
    return LabelClaim(
        *(find(given), given, f"line {row.line}", cells["label"]),
        first=first,
        last=last,
        start_s=start_s,
        end_s=end_s,
        group=group,
    )


def _frames(cells: Mapping[str, str], how: TableReading) -> tuple[int | None, int | None]:
    """First and last frame from 0, inclusive; None: of the whole recording."""
    if "frame" in cells:
        if not cells["frame"] and kind_of(cells["path"]) == "photo":
            return None, None
        frame = _frame(cells["frame"], how)
        return frame, frame
    first, last = cells.get("first_frame", ""), cells.get("last_frame", "")
    if bool(first) != bool(last):
        raise ValueError("expected both a first and a last frame, or neither")
    if not first:
        return None, None
    start, end = _frame(first, how), _frame(last, how) - how.end_exclusive
    if end < start:
        raise ValueError(f"frames {first} to {last}: the range ends before it starts")
    return start, end


def _frame(text: str, how: TableReading) -> int:
    frame = whole_number(text) - how.frames_from
    if frame < 0:
        raise ValueError(f"frame {text}: expected frames from {how.frames_from}")
    return frame


def _times(
    cells: Mapping[str, str], columns: LabelColumns, sign: DecimalSign
) -> tuple[float | None, float | None]:
    named = columns.named()
    texts = {role: cells[role] for role in _TIMES if role in cells}
    filled = {role: text for role, text in texts.items() if text}
    if not filled:
        return None, None
    if len(filled) < len(texts):
        raise ValueError("expected both a start and an end, or neither")
    found = {
        role: seconds(text, sign) / _parts_per_second(named[role]) for role, text in filled.items()
    }
    end = found["end"] if "end" in found else found["start"] + found["duration"]
    if end <= found["start"]:
        raise ValueError(f"{found['start']:g} s to {end:g} s: the range ends before it starts")
    return found["start"], end


def _parts_per_second(column: str) -> int:
    return 1000 if _MILLISECONDS.search(plain_name(column)) else 1


def _remarks(
    path: Path,
    named: Mapping[str, str],
    unused: Sequence[str],
    how: TableReading,
    find: _Finder,
) -> Iterable[str]:
    understood = ", ".join(
        f"{name} = {role.replace('_', ' ')}"
        for role, name in named.items()
        if name != role and getattr(how.columns, role) is None
    )
    if understood:
        yield f"{path.name}: read {understood}."
    if "last_frame" in named and named["last_frame"] != "last_frame" and not how.end_exclusive:
        yield (
            f"{named['last_frame']} was read as the last frame of a range, counted from "
            f"{how.frames_from}. If ranges end before it, pass --end-exclusive."
        )
    if unused:
        yield f"Columns that were not used: {listed(unused)}."
    if find.by_name_alone:
        yield f"Found in a subfolder by their names alone: {listed(find.by_name_alone)}."


def _firsts(claims: Iterable[LabelClaim]) -> Iterable[int]:
    return (claim.first for claim in claims if claim.first is not None)


def _other_counting(
    claims: Iterable[LabelClaim], how: TableReading, named: Mapping[str, str]
) -> Iterable[str]:
    """A question if ranges meet in a way that contradicts how their ends were read."""
    ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for claim in claims:
        if claim.first is not None and claim.last is not None and "last_frame" in named:
            ranges[claim.given].append((claim.first, claim.last))
    pairs = [pair for found in ranges.values() for pair in pairwise(sorted(found))]
    meeting = [(before, after) for before, after in pairs if before[1] == after[0]]
    if not how.end_exclusive and len(pairs) > 1 and len(meeting) == len(pairs):
        yield (
            "every range ends with the first frame of the next one. If that frame is not part of "
            "the range, pass --end-exclusive"
        )


def _hint(named: Mapping[str, str], how: TableReading) -> str:
    if any(role in named for role in _TIMES):
        return (
            "Times are seconds from the first frame. Columns in milliseconds are recognised by a "
            "name that ends with `ms`; for frames, use --first-frame-column and "
            "--last-frame-column."
        )
    end = "is the first one after the range" if how.end_exclusive else "is part of the range"
    return (
        f"Frames are counted from {how.frames_from} (--frames-from), and the last frame {end} "
        "(--end-exclusive)."
    )
