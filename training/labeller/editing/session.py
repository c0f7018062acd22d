"""The labels of recordings while they are edited: every step is on disk before it is confirmed.

Each video has a session and a history of its own. All photos share one session, so that undo takes
back the photo labelled last.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from training.errors import LabelError
from training.labeller.editing.history import History
from training.labeller.editing.journal import Step, fingerprint
from training.labeller.editing.ranges import Change, Ranges
from training.labels.label_tables import LabelTable, read_labels, write_labels
from training.recordings.catalog import Recording, labels_path

HISTORY_FOLDER = ".history"
"""Folder of the journals, hidden next to the label tables so that no journal is read as a table."""


class LabelFile:
    """The label table of one recording.

    Args:
        folder: folder of all label tables.
        recording: the recording.

    Raises:
        LabelError: the table exists but is damaged.
    """

    def __init__(self, folder: Path, recording: Recording) -> None:
        self.recording = recording
        self._path = labels_path(folder, recording.kind, recording.name)
        self.ranges: Ranges = ()
        self.read()

    def read(self) -> None:
        """Load the labels from the table; without a table, nothing is labelled."""
        self._seen = self._signature()
        self.ranges = () if self._seen is None else read_labels(self._path).ranges

    def save(self, ranges: Ranges) -> None:
        """Write the labels; a recording without labels has no table."""
        if ranges:
            write_labels(LabelTable(self.recording.filename, ranges), self._path)
        else:
            self._path.unlink(missing_ok=True)
        self._seen = self._signature()
        self.ranges = ranges

    @property
    def changed_by_others(self) -> bool:
        """Whether the file is no longer the one that was last read or written here."""
        return self._signature() != self._seen

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


@dataclass(frozen=True)
class Request:
    """The origin of a change.

    Attributes:
        id: ID of the request, which stays the same when the request is resent.
        filename: Name of the recording, with its kind in front.
        frame: Number of the frame on the page.
        frames: Number of frames in the recording, if it is known.
        media: Size and modification time of the recording.
    """

    id: str
    filename: str
    frame: int
    frames: int | None = None
    media: tuple[int, int] | None = None


class Session:
    """The labels of one or more recordings and their common history. Not thread-safe.

    Args:
        files: label tables of the recordings.
        journal: path of the history's journal.
    """

    def __init__(self, files: Iterable[LabelFile], journal: Path) -> None:
        self._files = {file.recording.filename: file for file in files}
        self.history = History(journal, self._ranges_in_table)
        for filename, ranges in self.history.unsaved.items():
            self._files[filename].save(ranges)

    def ranges(self, filename: str) -> Ranges:
        """The labels of a recording."""
        return self._files[filename].ranges

    def reload(self, filename: str) -> None:
        """Load the labels again if another program, such as an import, has changed them.

        Steps taken before that can no longer be undone.

        Raises:
            LabelError: the table is damaged.
        """
        file = self._files[filename]
        if file.changed_by_others:
            before = fingerprint(file.ranges)
            file.read()
            if fingerprint(file.ranges) != before:
                self.history.forget(filename)

    def apply(self, request: Request, change_of: Callable[[Ranges], Change]) -> Step | None:
        """Change the labels of a recording.

        Returns:
            The step taken; None when this request has already been served.

        Raises:
            LabelError: the change does not fit the labels, or another program changed them.
            OSError: the disk refused the write; nothing has changed.
        """
        if self.history.recording_of(request.id) is not None:
            return None
        file = self._unchanged(request.filename)
        change = change_of(file.ranges)
        step = Step(
            request.id, request.filename, request.frame, change, request.frames, request.media
        )
        after = change.applied(file.ranges)
        with self.history.step(step, file.ranges, after):
            file.save(after)
        return step

    def undo(self, request_id: str) -> Step | None:
        """Undo the last step; None when there is none, or the request has already been served.

        Raises:
            LabelError: another program changed the labels.
            OSError: the disk refused the write; nothing has changed.
        """
        step = self.history.last
        if step is None or self.history.recording_of(request_id) is not None:
            return None
        file = self._unchanged(step.filename)
        after = step.change.reversed().applied(file.ranges)
        with self.history.undo(request_id, file.ranges, after):
            file.save(after)
        return step

    def redo(self, request_id: str) -> Step | None:
        """Redo the step that was undone last; see ``undo``."""
        step = self.history.last_undone
        if step is None or self.history.recording_of(request_id) is not None:
            return None
        file = self._unchanged(step.filename)
        after = step.change.applied(file.ranges)
        with self.history.redo(request_id, file.ranges, after):
            file.save(after)
        return step

    def _unchanged(self, filename: str) -> LabelFile:
        file = self._files[filename]
        before = fingerprint(file.ranges)
        self.reload(filename)
        if fingerprint(file.ranges) != before:
            raise LabelError(
                f"Another program has changed the labels of {file.recording.name}. They have been "
                "reloaded, and your last key press was not applied. Check the frame and press "
                "the key again."
            )
        return file

    def _ranges_in_table(self, filename: str) -> Ranges | None:
        file = self._files.get(filename)
        return None if file is None else file.ranges
