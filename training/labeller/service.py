"""Everything the page can ask for: recordings, their frames, their labels, and label proposals."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

from training.errors import LabelError, TrainingError
from training.labeller.actions import Action, Changing, Keep, LabelFrames, RelabelRange, Undo
from training.labeller.editing.journal import Step
from training.labeller.editing.session import Request, Session
from training.labeller.entries import Entry, media_signature
from training.labeller.frames.frame_sources import FrameSource
from training.labeller.frames.frame_store import DecodingState
from training.labeller.frames.jpegs import FrameJpeg
from training.labeller.predictions.predictor import Prediction, Predictor
from training.labeller.predictions.proposals import Proposal, propose
from training.recordings.catalog import Kind, Recording
from training.words import counted


class UnknownRecordingError(TrainingError):
    """No recording of this name is being labelled."""


class NotReadyError(TrainingError):
    """The frame has not been decoded yet; asking again helps."""


class NoFrameError(TrainingError):
    """The recording has no such frame, or its image is not available."""


@dataclass(frozen=True)
class RecordingView:
    """A recording as the page shows it.

    Attributes:
        entry: The recording and its labels.
        decoding: Frames decoded so far.
        prediction: The model's predictions so far.
    """

    entry: Entry
    decoding: DecodingState
    prediction: Prediction


class LabellingService:
    """The recordings of one kind while they are being labelled. Thread-safe.

    Args:
        kind: photos or videos.
        entries: the recordings by filename.
        labels: all labels that a frame may have.
        frames: source of their frames.
        predictor: computes the model's predictions.
    """

    def __init__(
        self,
        kind: Kind,
        entries: dict[str, Entry],
        labels: Sequence[str],
        frames: FrameSource,
        predictor: Predictor,
    ) -> None:
        self.kind = kind
        self.entries = entries
        self._labels = tuple(labels)
        self._frames = frames
        self._predictor = predictor
        self._lock = threading.RLock()

    def entry(self, filename: str) -> Entry:
        """A recording by its filename, or by one that differs only in the suffix.

        Raises:
            UnknownRecordingError: there is no such recording.
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
        """The filenames of the recordings to label, in order.

        Videos: partly labelled ones first. Photos: those the model is least sure of first, then
        those it has not predicted yet, and last those without a person, which teach a model
        nothing.
        """
        with self._lock:
            offered = [entry for entry in self.entries.values() if entry.offered]
            return [entry.recording.filename for entry in sorted(offered, key=self._urgency)]

    def proposal(self, filename: str, first: int, last: int) -> Proposal | None:
        """The proposed label for frames ``first`` to ``last``, if they have been predicted."""
        prediction = self._predictor.prediction(filename)
        if prediction.probabilities is None or last >= len(prediction.probabilities):
            return None
        return propose(prediction.probabilities, prediction.labels, first, last)

    def view(self, filename: str) -> RecordingView:
        """A recording that is on the page; its decoding and prediction get priority.

        Raises:
            UnknownRecordingError: there is no such recording.
        """
        entry = self.entry(filename)
        if entry.problem is not None:
            undecodable = DecodingState(0, False, (), problem=entry.problem)
            return RecordingView(entry, undecodable, Prediction("none"))
        decoding = self._frames.state(entry.recording)
        with self._lock:
            if entry.session is not None:
                # A damaged table is reported when the next label is written.
                with suppress(LabelError):
                    entry.session.reload(entry.recording.filename)
            if decoding.complete:
                entry.counted_frames = decoding.frames
            elif decoding.problem is not None and not decoding.frames:
                entry.problem = decoding.problem
            following = self._following(entry)
        if following is not None:
            self._frames.prepare(following)
        self._predictor.prioritise([entry.recording] + ([] if following is None else [following]))
        prediction = self._predictor.prediction(entry.recording.filename)
        return RecordingView(entry, decoding, prediction)

    def jpeg(self, filename: str, frame: int, fast: bool) -> FrameJpeg:
        """A JPEG of a frame; see ``FrameSource.jpeg``.

        Raises:
            UnknownRecordingError: there is no such recording.
            NoFrameError: there is no such frame, or a newer request has arrived.
            MediaError: the recording cannot be read.
        """
        recording = self.entry(filename).recording
        jpeg = self._frames.jpeg(recording, frame, fast)
        if jpeg is None:
            raise NoFrameError(f"There is no image of frame {frame} of {recording.name}.")
        return jpeg

    def act(self, filename: str, action: Action) -> tuple[Entry, Step | None]:
        """Change labels; the change is on disk when this returns.

        Returns:
            The recording that was changed (undo may change another photo) and the step taken: None
            when there was nothing to do, or the request has already been served.

        Raises:
            UnknownRecordingError: there is no such recording.
            NotReadyError: the frame has not been decoded yet.
            NoFrameError: there is no such frame.
            LabelError: the action does not fit the labels, or there is no such label.
            OSError: the disk refused the write; nothing has changed.
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
        """Take a damaged recording out of the queue."""
        with self._lock:
            self.entries[recording.filename].problem = problem

    def mark_announced(self, recording: Recording, frames: int | None) -> None:
        """Note the frame count in the header of a video."""
        with self._lock:
            self.entries[recording.filename].announced_frames = frames

    def close(self) -> None:
        """Stop all threads."""
        self._predictor.close()
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
        """The shown frames, as soon as ``frame`` has been decoded."""
        available = self._frames.wait_for(entry.recording, frame)
        decoding = self._frames.state(entry.recording)
        if not available:
            if decoding.complete:
                raise NoFrameError(
                    f"{entry.recording.name} has {counted(decoding.frames, 'frame')}; "
                    f"there is no frame {frame}."
                )
            raise NotReadyError(
                decoding.problem
                or f"Frame {frame} of {entry.recording.name} has not been decoded yet. Try again."
            )
        if decoding.complete:
            entry.counted_frames = decoding.frames
        return [number for number, _ in decoding.shown]

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
    """Extend the confirmed frames by a step that leaves no gap after them."""
    if step.change.first <= entry.confirmed:
        entry.confirmed = max(entry.confirmed, step.change.last + 1)
