"""``job.json``: what a job's folder says about the job, so that the queue can be rebuilt from it.

The queue's database is what the service works with; the records are what it is rebuilt from when it
is lost, broken, or older than the folders.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from serving.exports.files import ANGLES_FILE, FILE_NAMES, SCORES_FILE
from serving.overlay.files import HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE
from shared_features.runtime.atomic import atomic_write

WorkKind = Literal["analysis", "overlay"]

RECORD_FILE = "job.json"
# Names of received files and of the copy of the demo performance.
_MEDIA_STEMS = ("file-as-received", "performance")
_DRAWN_FILES = (HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE)
_CHUNKS = "chunks"
_EXPORTS = (*FILE_NAMES.values(), ANGLES_FILE)
_OURS = {*_EXPORTS, SCORES_FILE, *_DRAWN_FILES, RECORD_FILE}
_OUR_SUFFIXES = {".json", ".npz", ".part"}

_lock = threading.Lock()


@dataclass(frozen=True)
class JobRecord:
    """What a job's folder says about the job.

    Attributes:
        id: ID of the job.
        media: Name of the uploaded file in the folder.
        source: Name the owner gave the video.
        created_s: Time of the upload, in seconds since 1970.
        outcomes: Outcome of the analysis and of the overlay, once each has ended: None, or the
            reason for the failure.
        attempts: How often each was started without ending, other than by an orderly stop.
        owner: Name of the client that sent the video; empty on a service without tokens.
        slow_motion: How many times slower than real the owner says the video plays; None: as the
            file says.
    """

    id: str
    media: str
    source: str
    created_s: float
    outcomes: dict[WorkKind, str | None] = field(default_factory=dict)
    attempts: dict[WorkKind, int] = field(default_factory=dict)
    owner: str = ""
    slow_motion: float | None = None

    def counted(self, kind: WorkKind, change: int) -> "JobRecord":
        """The record with one more or one less attempt."""
        count = max(0, self.attempts.get(kind, 0) + change)
        return replace(self, attempts={**self.attempts, kind: count})

    def ended(self, kind: WorkKind, outcome: str | None) -> "JobRecord":
        """The record with the outcome of some work."""
        return replace(self, outcomes={**self.outcomes, kind: outcome})

    def reopened(self, kind: WorkKind) -> "JobRecord":
        """The record without an outcome of some work, and with all its attempts."""
        outcomes = {other: outcome for other, outcome in self.outcomes.items() if other != kind}
        attempts = {other: count for other, count in self.attempts.items() if other != kind}
        return replace(self, outcomes=outcomes, attempts=attempts)


def write_record(folder: Path, record: JobRecord) -> None:
    """Store a record, atomically.

    Raises:
        OSError: The folder is gone, or cannot be written to.
    """
    with atomic_write(folder / RECORD_FILE) as temporary:
        temporary.write_text(json.dumps(asdict(record), ensure_ascii=False), encoding="utf-8")


def read_record(folder: Path) -> JobRecord | None:
    """The record in a folder; None if it is missing, damaged, or about another folder or file."""
    try:
        given = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        slow_motion = given.get("slow_motion")
        record = JobRecord(
            id=str(given["id"]),
            media=str(given["media"]),
            source=str(given["source"]),
            created_s=float(given["created_s"]),
            outcomes=dict(given["outcomes"]),
            attempts=dict(given["attempts"]),
            owner=str(given.get("owner", "")),
            slow_motion=None if slow_motion is None else float(slow_motion),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_here = record.id == folder.name and Path(record.media).name == record.media
    return record if is_here else None


def change_record(folder: Path, change: Callable[[JobRecord], JobRecord]) -> JobRecord | None:
    """Read a record, change it and store it; None if there is none."""
    with _lock:
        record = read_record(folder)
        if record is not None:
            record = change(record)
            write_record(folder, record)
        return record


def recognise(folder: Path) -> JobRecord | None:
    """A record of a folder that has none, from the files in it; None if it holds no video.

    Versions before there were records left such folders, and so does a damaged disk.
    """
    media = _media_in(folder)
    if media is None:
        return None
    source = media.name
    try:
        timeline = json.loads((folder / FILE_NAMES["json"]).read_text(encoding="utf-8"))
        source = str(timeline["media"]["source"])
    except (OSError, ValueError, KeyError, TypeError):
        timeline = None
    outcomes: dict[WorkKind, str | None] = {}
    if timeline is not None and not (folder / _CHUNKS).is_dir():
        outcomes["analysis"] = None
        if is_drawn(folder):
            outcomes["overlay"] = None
    return JobRecord(folder.name, media.name, source, media.stat().st_mtime, outcomes)


def missing_files(folder: Path, record: JobRecord) -> list[str]:
    """Names of the files that a job must have by now and has not."""
    names = [record.media]
    if "analysis" in record.outcomes and record.outcomes["analysis"] is None:
        names += _EXPORTS
        if "overlay" in record.outcomes and record.outcomes["overlay"] is None:
            names += _DRAWN_FILES
    return _missing(folder, names)


def is_settled(folder: Path, record: JobRecord, kind: WorkKind) -> bool:
    """Whether some work has ended, and has left what it must leave if it succeeded."""
    if kind not in record.outcomes:
        return False
    if record.outcomes[kind] is not None:
        return True
    return not _missing(folder, _DRAWN_FILES if kind == "overlay" else _EXPORTS)


def is_drawn(folder: Path) -> bool:
    """Whether a folder has everything that is drawn for a job."""
    return not _missing(folder, _DRAWN_FILES)


def remove_drawn(folder: Path) -> None:
    """Remove what was drawn for a job, so that it is drawn again."""
    for name in _DRAWN_FILES:
        (folder / name).unlink(missing_ok=True)


def _missing(folder: Path, names: Iterable[str]) -> list[str]:
    return [name for name in names if not (folder / name).is_file()]


def _media_in(folder: Path) -> Path | None:
    files = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    named = [path for path in files if path.stem in _MEDIA_STEMS]
    others = [path for path in files if path.name not in _OURS and path.suffix not in _OUR_SUFFIXES]
    for found in (named, others):
        if len(found) == 1:
            return found[0]
    return None
