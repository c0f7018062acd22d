"""The recordings of a folder: which ones are offered, and how far each is labelled."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.errors import LabelError, RecordingError
from training.labeller.editing.ranges import Ranges, first_unlabelled
from training.labeller.editing.session import HISTORY_FOLDER, LabelFile, Session
from training.params import LabelParamsOfKind
from training.recordings.catalog import MIRRORED_PREFIX, Kind, Recording, find_recordings

Status = Literal["new", "partial", "done", "problem"]


@dataclass
class Entry:
    """A recording and its state of labelling.

    Attributes:
        recording: The recording.
        session: Session that holds its labels; None when its label table is damaged.
        problem: Reason why it cannot be labelled.
        forced: Whether it is offered although it already has labels.
        counted_frames: Number of frames, if all of it has been decoded.
        announced_frames: Number of frames according to the header.
        confirmed: Number of leading frames of a forced recording relabelled since the start.
    """

    recording: Recording
    session: Session | None
    problem: str | None = None
    forced: bool = False
    counted_frames: int | None = None
    announced_frames: int | None = None
    confirmed: int = 0

    @property
    def frames(self) -> int | None:
        """The best known number of frames."""
        return self.announced_frames if self.counted_frames is None else self.counted_frames

    @property
    def ranges(self) -> Ranges:
        """The labels of the recording."""
        return () if self.session is None else self.session.ranges(self.recording.filename)

    @property
    def labelled_frames(self) -> int:
        """The number of frames that have a label."""
        return sum(labelled.last - labelled.first + 1 for labelled in self.ranges)

    @property
    def start_at(self) -> int | None:
        """The frame where labelling resumes; None when nothing is left to label."""
        frame = self.confirmed if self.forced else first_unlabelled(self.ranges)
        return None if self.frames is not None and frame >= self.frames else frame

    @property
    def status(self) -> Status:
        """How far the recording is labelled."""
        if self.problem is not None:
            return "problem"
        if self.start_at is None:
            return "done"
        return "partial" if (self.confirmed if self.forced else self.ranges) else "new"

    @property
    def offered(self) -> bool:
        """Whether the recording is in the queue."""
        return self.status in ("new", "partial")


def media_signature(path: Path) -> tuple[int, int] | None:
    """Size in bytes and modification time in ns; None when the file is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def recordings_to_label(folder: Path, kind: Kind) -> list[Recording]:
    """The recordings in a folder, except mirrored copies, which take the labels of their originals.

    Raises:
        RecordingError: there is no such folder, or nothing to label in it.
    """
    found = find_recordings(folder, kind)
    recordings = [one for one in found if not one.name.startswith(MIRRORED_PREFIX)]
    if not recordings:
        raise RecordingError(
            f"There are only mirrored copies in {folder}. They take the labels of the {kind}s they "
            "were made from, so put those there as well."
        )
    return recordings


def forced_recordings(
    recordings: Iterable[Recording], again: LabelParamsOfKind
) -> tuple[set[str], list[str]]:
    """The recordings to label again although they have labels.

    Returns:
        Their filenames, and the names in ``force_relabel`` that match no recording. A name may be
        that of the file, with or without its suffix, or the one that label tables use.
    """
    recordings = list(recordings)
    forced = set()
    unknown = []
    for name in again.force_relabel:
        named = [one.filename for one in recordings if name in (one.name, one.stem, one.filename)]
        forced.update(named)
        if not named:
            unknown.append(name)
    if again.force_relabel_all:
        forced = {one.filename for one in recordings}
    return forced, unknown


def open_entries(
    recordings: Iterable[Recording],
    labels: Path,
    forced: set[str],
    report_progress: Callable[[int], None],
) -> dict[str, Entry]:
    """Recordings with their labels, by filename.

    Args:
        recordings: recordings of one kind.
        labels: folder of the label tables.
        forced: filenames of the recordings to label again.
        report_progress: called with 1 after the labels of each recording were read.
    """
    entries: dict[str, Entry] = {}
    files: dict[str, LabelFile] = {}
    for recording in recordings:
        entry = Entry(recording, None, forced=recording.filename in forced)
        try:
            recording.filename.encode()
            files[recording.filename] = LabelFile(labels, recording)
        except UnicodeEncodeError:
            shown = recording.name.encode(errors="replace").decode()
            entry.problem = f"The name of {shown} is not valid UTF-8. Rename the file."
            entry.recording = Recording(recording.kind, shown, recording.path)
        except LabelError as error:
            entry.problem = f"{error} Correct the table, or move it away to start from scratch."
        entries[entry.recording.filename] = entry
        report_progress(1)
    _open_sessions(entries, files, labels / HISTORY_FOLDER)
    return entries


def summary(entries: Collection[Entry], kind: Kind, labels: Path) -> list[str]:
    """How many recordings are labelled and how many are left, in a few lines of text."""
    count = {status: 0 for status in ("done", "partial", "new", "problem")}
    for entry in entries:
        count[entry.status] += 1
    parts = [f"{count['done']} of {len(entries)} {kind}s are labelled"]
    if count["partial"]:
        parts.append(f"{count['partial']} partly")
    parts.append(f"{count['new']} left")
    lines = [f"{', '.join(parts)}. The labels are in {labels}."]
    lines += [
        f"Cannot be labelled: {entry.recording.name}: {entry.problem}"
        for entry in entries
        if entry.status == "problem"
    ]
    return lines


def _open_sessions(entries: dict[str, Entry], files: dict[str, LabelFile], journals: Path) -> None:
    photos = [file for file in files.values() if file.recording.kind == "photo"]
    common = Session(photos, journals / "photos.jsonl") if photos else None
    for filename, file in files.items():
        entry, recording = entries[filename], file.recording
        if recording.kind == "photo":
            entry.session, entry.counted_frames = common, 1
            continue
        session = Session([file], journals / f"video_{recording.stem}.jsonl")
        media = media_signature(recording.path)
        entry.session = session
        entry.counted_frames = session.history.frame_count(filename, media)
