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
_RANGE_HINT = "Frames are counted from 0, and the last one is included."


@dataclass(frozen=True)
class CsvColumns:
    """What the columns are called.

    Attributes:
        path: of the recording, relative to the file's own folder or to a media folder.
        label: what it shows.
        group: what it belongs to; the column may be absent.
        first_frame: first frame of a range, counted from 0; may be absent or empty.
        last_frame: last frame of a range, included; may be absent or empty.
    """

    path: str = "path"
    label: str = "label"
    group: str = "group"
    first_frame: str = "first_frame"
    last_frame: str = "last_frame"


def read_label_csv(
    path: Path, media: Sequence[Path], known: KnownRecordings, columns: CsvColumns
) -> LabelSource:
    """The rows of a CSV file.

    Args:
        path: of the file.
        media: folders that its paths are relative to; none: its own folder.
        known: recordings that are looked up where no such file is there.
        columns: what they are called.

    Raises:
        LabelError: the file cannot be read, or lacks columns.
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
            "Name its columns with --path-column and --label-column."
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
        # Numbers are what groups are called everywhere; the folder keeps two sources apart.
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
