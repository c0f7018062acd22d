"""A thread that finds out what the model makes of videos. Labelling never waits for it."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from shared_features.errors import StrapsError
from shared_features.params import SharedParams
from shared_features.pose.extract import extract_video
from training.labeller.frames.decoding import Decoding
from training.labeller.predictions.model import LabelModel, stored_track
from training.labeller.predictions.opinions import FAILED, Opinion
from training.recordings.catalog import Recording

_LOG = logging.getLogger(__name__)
_PATIENCE_S = 0.3
_KEPT_OPINIONS = 8


class _NotWantedError(Exception):
    """The recording has left the page, or the tool ends."""


class VideoProposer:
    """Follows the page: the video on it first, then the next one. Safe between threads.

    Args:
        model: whose opinion it is.
        shared: limits and how landmarks are found.
        landmarks: folder of landmark tables; what is not there is computed and not stored.
        decoding: decodes the pictures; that comes first.
    """

    def __init__(
        self, model: LabelModel, shared: SharedParams, landmarks: Path, decoding: Decoding
    ) -> None:
        self._model = model
        self._shared = shared
        self._landmarks = landmarks
        self._decoding = decoding
        self._changed = threading.Condition()
        self._wanted: tuple[Recording, ...] = ()
        self._opinions: OrderedDict[str, Opinion] = OrderedDict()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="proposals", daemon=True)
        self._thread.start()

    def want(self, recordings: Sequence[Recording]) -> None:
        """What is on the page now, and what comes next."""
        with self._changed:
            self._wanted = tuple(recordings)
            self._changed.notify_all()

    def opinion(self, filename: str) -> Opinion:
        """What is known of a recording; of one that is not wanted, nothing is on its way."""
        with self._changed:
            return self._opinions.get(filename, Opinion("computing"))

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while (recording := self._next()) is not None:
            try:
                opinion = self._of(recording)
            except _NotWantedError:
                self._forget(recording)
                continue
            except StrapsError as error:
                opinion = Opinion("none", note=f"No proposals: {error}")
            except Exception:
                # Whatever MediaPipe runs into must not keep anybody from labelling.
                _LOG.exception("no proposals for %s", recording.name)
                opinion = Opinion("none", note=FAILED)
            self._note(recording, opinion)

    def _next(self) -> Recording | None:
        """The next recording to look at; None when the thread shall end."""
        with self._changed:
            while not self._stopping:
                for recording in self._wanted:
                    if recording.filename not in self._opinions:
                        return recording
                self._changed.wait()
            return None

    def _of(self, recording: Recording) -> Opinion:
        while (store := self._decoding.wait_for(recording, _PATIENCE_S)) is None:
            self._check(recording)
        frames = store.state.frames
        if not frames:
            return Opinion("none", note=store.state.problem)
        track = stored_track(self._landmarks, recording, frames)
        if track is None:
            self._note(recording, Opinion("computing"))

            def report(done: int) -> None:
                self._check(recording)
                self._note(recording, Opinion("computing", progress=min(1.0, done / frames)))

            track = extract_video(
                recording.path, self._shared.media, self._shared.pose, progress=report
            ).track
        return Opinion("ready", 1.0, None, self._model.probabilities(track), self._model.labels)

    def _check(self, recording: Recording) -> None:
        with self._changed:
            if self._stopping or recording not in self._wanted:
                raise _NotWantedError

    def _note(self, recording: Recording, opinion: Opinion) -> None:
        with self._changed:
            self._opinions[recording.filename] = opinion
            self._opinions.move_to_end(recording.filename)
            while len(self._opinions) > _KEPT_OPINIONS:
                self._opinions.popitem(last=False)

    def _forget(self, recording: Recording) -> None:
        with self._changed:
            self._opinions.pop(recording.filename, None)
