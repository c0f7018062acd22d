"""All that the page asks for: the recordings, their frames, their labels, what a model proposes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from training.errors import LabelError, TrainingError
from training.labeller.actions import Action, Changing, Keep, LabelFrames, RelabelRange, Undo
from training.labeller.catalogue import Entry, media_signature
from training.labeller.editing.history import Step
from training.labeller.editing.session import Request, Session
from training.labeller.frames.frame_store import Decoded
from training.labeller.frames.media import Frames
from training.labeller.frames.pictures import Picture
from training.labeller.predictions.opinions import Opinion, Proposer
from training.labeller.predictions.proposals import Proposal, propose
from training.recordings.catalog import Kind, Recording


class UnknownRecordingError(TrainingError):
    """There is no recording of this name among those that are labelled."""


class NotReadyError(TrainingError):
    """The frame has not been decoded yet; asking again helps."""


class NoFrameError(TrainingError):
    """The recording has no such frame, or no more picture of it."""


@dataclass(frozen=True)
class View:
    """A recording as the page shows it."""

    entry: Entry
    decoded: Decoded
    opinion: Opinion


class Workbench:
    """The recordings of one kind while they are labelled. Safe between threads.

    Args:
        kind: photos or videos.
        entries: the recordings by filename.
        labels: all that a frame may be called.
        frames: gives their pictures.
        proposer: what the model makes of them.
    """

    def __init__(
        self,
        kind: Kind,
        entries: dict[str, Entry],
        labels: Sequence[str],
        frames: Frames,
        proposer: Proposer,
    ) -> None:
        self.kind = kind
        self.entries = entries
        self._labels = tuple(labels)
        self._frames = frames
        self._proposer = proposer
        self._lock = threading.RLock()

    def entry(self, filename: str) -> Entry:
        """A recording by its filename, or by one that differs in the suffix only.

        Raises:
            UnknownRecordingError: there is none.
        """
        found = self.entries.get(filename)
        stem = PurePath(filename).stem
        same_stem = (one for name, one in self.entries.items() if PurePath(name).stem == stem)
        found = found or next(same_stem, None)
        if found is None:
            raise UnknownRecordingError(
                f"There is no recording {filename!r} here. The tool was started for "
                f"{len(self.entries)} {self.kind}s; their names begin with {self.kind}_."
            )
        return found

    def queue(self) -> list[str]:
        """The filenames of what is offered, in the order it is offered in.

        Videos: those begun before first. Photos: what the model is least sure of first, then what
        it has not looked at, and last the ones where it finds nobody, of which a model learns
        nothing.
        """
        with self._lock:
            offered = [entry for entry in self.entries.values() if entry.offered]
            return [entry.recording.filename for entry in sorted(offered, key=self._urgency)]

    def proposal(self, filename: str, first: int, last: int) -> Proposal | None:
        """What the model proposes for some frames, if it has looked at them."""
        opinion = self._proposer.opinion(filename)
        if opinion.probabilities is None or last >= len(opinion.probabilities):
            return None
        return propose(opinion.probabilities, opinion.labels, first, last)

    def view(self, filename: str) -> View:
        """A recording that comes onto the page now.

        Raises:
            UnknownRecordingError: there is none.
        """
        entry = self.entry(filename)
        if entry.problem is not None:
            return View(entry, Decoded(0, False, (), problem=entry.problem), Opinion("none"))
        decoded = self._frames.state(entry.recording)
        with self._lock:
            if decoded.complete:
                entry.counted_frames = decoded.frames
            elif decoded.problem is not None and not decoded.frames:
                entry.problem = decoded.problem
            following = self._following(entry)
        if following is not None:
            self._frames.prepare(following)
        self._proposer.want([entry.recording] + ([] if following is None else [following]))
        return View(entry, decoded, self._proposer.opinion(entry.recording.filename))

    def picture(self, filename: str, frame: int, fast: bool) -> Picture:
        """A picture of a frame; see ``Frames.picture``.

        Raises:
            UnknownRecordingError: there is no such recording.
            NoFrameError: there is no such frame, or somebody asked for another one meanwhile.
            MediaError: the recording cannot be read.
        """
        recording = self.entry(filename).recording
        picture = self._frames.picture(recording, frame, fast)
        if picture is None:
            raise NoFrameError(f"There is no picture of frame {frame} of {recording.name}.")
        return picture

    def act(self, filename: str, action: Action) -> tuple[Entry, Step | None]:
        """Change labels; everything is on disk when this returns.

        Returns:
            The recording that was changed (undo may change another photo) and what was done: None
            when there was nothing to do, or the request has been served before.

        Raises:
            UnknownRecordingError: there is no such recording.
            NotReadyError: the frame has not been decoded yet.
            NoFrameError: there is no such frame.
            LabelError: the labels do not allow it, or there is no such label.
            OSError: the disk does not take it; nothing has happened.
        """
        entry = self.entry(filename)
        session = entry.session
        if session is None:
            raise LabelError(f"{entry.recording.name} cannot be labelled. {entry.problem}")
        if isinstance(action, Changing):
            shown = self._shown(entry, action.frame)
            with self._lock:
                return entry, self._change(entry, session, action, shown)
        with self._lock:
            if isinstance(action, Keep):
                entry.confirmed = max(entry.confirmed, action.frame + 1)
                return entry, None
            undo = isinstance(action, Undo)
            step = (session.undo if undo else session.redo)(action.request)
            if step is None:
                return entry, None
            changed = self.entries[step.filename]
            if undo:
                changed.confirmed = min(changed.confirmed, step.change.first)
            else:
                _confirm(changed, step)
            return changed, step

    def mark_unreadable(self, recording: Recording, problem: str) -> None:
        """A recording turned out to be damaged; the rest goes on."""
        with self._lock:
            self.entries[recording.filename].problem = problem

    def mark_announced(self, recording: Recording, frames: int | None) -> None:
        """The header of a video says how many frames it has."""
        with self._lock:
            self.entries[recording.filename].announced_frames = frames

    def close(self) -> None:
        """End all threads."""
        self._proposer.close()
        self._frames.close()

    def _change(
        self, entry: Entry, session: Session, action: Changing, shown: Sequence[int]
    ) -> Step | None:
        if isinstance(action, LabelFrames | RelabelRange) and action.label not in self._labels:
            raise LabelError(
                f"There is no label {action.label!r}. Known: {', '.join(self._labels)}."
            )
        request = Request(
            action.request,
            entry.recording.filename,
            action.frame,
            entry.counted_frames,
            media_signature(entry.recording.path),
        )
        step = session.apply(request, lambda ranges: action.change(ranges, shown))
        if step is not None:
            _confirm(entry, step)
        return step

    def _shown(self, entry: Entry, frame: int) -> list[int]:
        """The shown frames, once ``frame`` is among what has been decoded."""
        there = self._frames.wait_for(entry.recording, frame)
        decoded = self._frames.state(entry.recording)
        if not there:
            if decoded.complete:
                raise NoFrameError(
                    f"{entry.recording.name} has {decoded.frames} frames; there is no frame "
                    f"{frame}."
                )
            raise NotReadyError(
                decoded.problem
                or f"Frame {frame} of {entry.recording.name} has not been decoded yet. Try again."
            )
        if decoded.complete:
            entry.counted_frames = decoded.frames
        return [number for number, _ in decoded.shown]

    def _following(self, entry: Entry) -> Recording | None:
        names = [name for name in self.queue() if name != entry.recording.filename]
        return self.entries[names[0]].recording if names else None

    def _urgency(self, entry: Entry) -> tuple[float, float, str]:
        name = entry.recording.name
        if self.kind == "video":
            return (0 if entry.status == "partial" else 1), 0, name
        proposal = self.proposal(entry.recording.filename, 0, 0)
        if proposal is None:
            return 1, 0, name
        return (0, proposal.confidence, name) if proposal.label is not None else (2, 0, name)


def _confirm(entry: Entry, step: Step) -> None:
    """What was labelled again without a gap behind what was so before counts as done."""
    if step.change.first <= entry.confirmed:
        entry.confirmed = max(entry.confirmed, step.change.last + 1)
