"""Labels from a CSV file: one row per recording, or per range of frames."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from training.errors import LabelError
from training.labels.known_recordings import KnownRecordings
from training.labels.label_claims import LabelClaim, LabelSource
from training.recordings.catalog import Recording

_UNREADABLE = -1
_RANGE_HINT = "Frames are counted from 0, and the last frame is part of the range."


@dataclass(frozen=True)
class CsvColumns:
    """Names of the columns.

    Attributes:
        path: Column of the recording's path, relative to the file's own or to a media folder.
        label: Column of the label.
        group: Column of the group; may be absent.
        first_frame: Column of a range's first frame, counted from 0; may be absent or empty.
        last_frame: Column of a range's last frame, inclusive; may be absent or empty.
    """

    path: str = "path"
    label: str = "label"
    group: str = "group"
    first_frame: str = "first_frame"
    last_frame: str = "last_frame"


def read_label_csv(
    path: Path, media: Sequence[Path], known: KnownRecordings, columns: CsvColumns
) -> LabelSource:
    """Read the rows of a CSV file.

    Args:
        path: Path of the file.
        media: Folders that its paths are relative to; empty: its own folder.
        known: Recordings to match paths with if there is no such file.
        columns: Names of the columns.

    Raises:
        LabelError: The file cannot be read, or lacks columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = list(reader.fieldnames or [])
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{path} cannot be read as a CSV file ({error}).") from error
    missing = [name for name in (columns.path, columns.label) if name not in header]
    if missing:
        raise LabelError(
            f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(header) or 'none'}. "
            "Give the names of its columns with --path-column and --label-column."
        )
    claims, problems, without_label = [], [], 0
    for line, row in rows:
        given = (row[columns.path] or "").strip().replace("\\", "/")
        label = (row[columns.label] or "").strip()
        if not label:
            without_label += 1
            continue
        first, last = (_frame(row, name) for name in (columns.first_frame, columns.last_frame))
        if not given or first == _UNREADABLE or last == _UNREADABLE:
            problems.append(f"line {line}: expected a path and whole frame numbers from 0")
            continue
        recording = _recording(given, path.parent, media, known)
        group = (row.get(columns.group) or "").strip() or None
        # Many sources just number their groups, so the folder is part of the name.
        group = group and f"{path.resolve().parent.name}/{group}"
        claims.append(LabelClaim(recording, given, f"line {line}", label, first, last, group))
    remark = f"{without_label} rows without a label."
    return LabelSource(path, claims, problems, [remark] if without_label else [], _RANGE_HINT)


def _frame(row: Mapping[str, str | None], column: str) -> int | None:
    text = (row.get(column) or "").strip()
    if not text:
        return None
    return int(text) if text.isdecimal() else _UNREADABLE


def _recording(
    given: str, folder: Path, media: Sequence[Path], known: KnownRecordings
) -> Recording | None:
    for base in media or [folder]:
        if recording := known.at(base / given, base):
            return recording
    return known.named(PurePosixPath(given))
