"""A thread that predicts the labels of videos. Labelling never waits for it."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from shared_features.errors import StrapsError
from shared_features.params import SharedParams
from shared_features.pose.extract import extract_video
from training.labeller.frames.decoder import BackgroundDecoder
from training.labeller.predictions.label_model import LabelModel, stored_track
from training.labeller.predictions.predictor import FAILED, Prediction
from training.recordings.catalog import Recording

_LOG = logging.getLogger(__name__)
# How often to check, while a video is being decoded, whether it is still wanted.
_CHECK_INTERVAL_S = 0.3
_KEPT_PREDICTIONS = 8


class _NotWantedError(Exception):
    """The recording has left the page, or the tool is stopping."""


class VideoPredictor:
    """Follows the page: predicts the video on it first, then the next one. Thread-safe.

    Args:
        model: the model.
        shared: limits for media files, and settings of the pose estimator.
        landmarks: folder of landmark tables; missing landmarks are computed but not stored.
        decoder: decodes the frames for the page, which has priority.
    """

    def __init__(
        self, model: LabelModel, shared: SharedParams, landmarks: Path, decoder: BackgroundDecoder
    ) -> None:
        self._model = model
        self._shared = shared
        self._landmarks = landmarks
        self._decoder = decoder
        self._changed = threading.Condition()
        self._wanted: tuple[Recording, ...] = ()
        self._predictions: OrderedDict[str, Prediction] = OrderedDict()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="predictions", daemon=True)
        self._thread.start()

    def prioritise(self, recordings: Sequence[Recording]) -> None:
        """Take the recording on the page first, then the ones that come next."""
        with self._changed:
            self._wanted = tuple(recordings)
            self._changed.notify_all()

    def prediction(self, filename: str) -> Prediction:
        """The predictions for a recording so far."""
        with self._changed:
            return self._predictions.get(filename, Prediction("computing"))

    def close(self) -> None:
        """Stop the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while (recording := self._next()) is not None:
            try:
                prediction = self._predict(recording)
            except _NotWantedError:
                self._forget(recording)
                continue
            except StrapsError as error:
                prediction = Prediction("none", note=f"No labels are proposed: {error}")
            except Exception:
                # An error inside MediaPipe must not stop anyone from labelling.
                _LOG.exception("Prediction of %s failed", recording.name)
                prediction = Prediction("none", note=FAILED)
            self._keep(recording, prediction)

    def _next(self) -> Recording | None:
        """The next recording to predict; None when the thread should stop."""
        with self._changed:
            while not self._stopping:
                for recording in self._wanted:
                    if recording.filename not in self._predictions:
                        return recording
                self._changed.wait()
            return None

    def _predict(self, recording: Recording) -> Prediction:
        while (store := self._decoder.wait_for(recording, _CHECK_INTERVAL_S)) is None:
            self._check_wanted(recording)
        frames = store.state.frames
        if not frames:
            return Prediction("none", note=store.state.problem)
        track = stored_track(self._landmarks, recording, frames)
        if track is None:
            self._keep(recording, Prediction("computing"))

            def report_progress(done: int) -> None:
                self._check_wanted(recording)
                self._keep(recording, Prediction("computing", progress=min(1.0, done / frames)))

            track = extract_video(
                recording.path, self._shared.media, self._shared.pose, report_frames=report_progress
            ).track
        return Prediction("ready", 1.0, None, self._model.probabilities(track), self._model.labels)

    def _check_wanted(self, recording: Recording) -> None:
        with self._changed:
            if self._stopping or recording not in self._wanted:
                raise _NotWantedError

    def _keep(self, recording: Recording, prediction: Prediction) -> None:
        with self._changed:
            self._predictions[recording.filename] = prediction
            self._predictions.move_to_end(recording.filename)
            while len(self._predictions) > _KEPT_PREDICTIONS:
                self._predictions.popitem(last=False)

    def _forget(self, recording: Recording) -> None:
        with self._changed:
            self._predictions.pop(recording.filename, None)
