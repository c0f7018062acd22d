"""A thread that predicts the labels of photos. Labelling never waits for it."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from shared_features.errors import MediaError, StrapsError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.media.frames import Frame
from shared_features.media.photos import read_photo
from shared_features.params import SharedParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import photo_track
from training.labeller.predictions.label_model import LabelModel, stored_track
from training.labeller.predictions.predictor import FAILED, Prediction
from training.recordings.catalog import Recording

_LOG = logging.getLogger(__name__)


class PhotoPredictor:
    """Goes once through all photos that wait to be labelled. Thread-safe.

    Args:
        model: the model; None: photos are only checked for damage.
        note: reason why there is no model.
        shared: limits for media files, and settings of the pose estimator.
        landmarks: folder of landmark tables; missing landmarks are computed but not stored.
        photos: the photos that wait to be labelled.
    """

    def __init__(
        self,
        model: LabelModel | None,
        note: str | None,
        shared: SharedParams,
        landmarks: Path,
        photos: Iterable[Recording],
    ) -> None:
        self._model = model
        self._note = note
        self._shared = shared
        self._landmarks = landmarks
        self._photos = list(photos)
        self._waiting = {photo.filename for photo in self._photos}
        self._predictions: dict[str, Prediction] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, unreadable: Callable[[Recording, str], None]) -> None:
        """Start; ``unreadable`` is called with each photo that cannot be read, and the reason."""
        self._thread = threading.Thread(
            target=self._run, args=(unreadable,), name="predictions", daemon=True
        )
        self._thread.start()

    def prioritise(self, recordings: Sequence[Recording]) -> None:
        """Do nothing: all photos are predicted anyway."""

    def prediction(self, filename: str) -> Prediction:
        """The prediction for a photo so far."""
        known = self._predictions.get(filename)
        if known is not None:
            return known
        waiting = filename in self._waiting and self._model is not None
        return Prediction("computing") if waiting else Prediction("none", note=self._note)

    def close(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, unreadable: Callable[[Recording, str], None]) -> None:
        left = [photo for photo in self._photos if not self._predicted_from_table(photo)]
        with ExitStack() as opened:
            predict = self._opened_estimator(opened)
            for photo in left:
                if self._stopping.is_set():
                    return
                try:
                    frame = read_photo(photo.path, self._shared.media)
                except MediaError as error:
                    unreadable(photo, str(error))
                else:
                    predict(photo, frame)
                self._waiting.discard(photo.filename)

    def _predicted_from_table(self, photo: Recording) -> bool:
        if self._model is None or self._stopping.is_set():
            return False
        track = stored_track(self._landmarks, photo, frames=1)
        if track is None:
            return False
        self._predictions[photo.filename] = _ready(self._model, track)
        self._waiting.discard(photo.filename)
        return True

    def _opened_estimator(self, opened: ExitStack) -> Callable[[Recording, Frame], None]:
        """A function that predicts one photo; it does nothing without a model or estimator."""
        model, pose = self._model, self._shared.pose
        if model is None:
            return _skip
        try:
            path = model_asset.resolve(pose.model_path, pose.network)
            estimator = opened.enter_context(PoseEstimator(path, "photo", pose.max_people, pose))
        except StrapsError as error:
            self._note = f"No labels are proposed: {error}"
            self._waiting.clear()
            return _skip

        def predict(photo: Recording, frame: Frame) -> None:
            try:
                track = photo_track(photo.path.name, frame, estimator, pose)
                prediction = _ready(model, track)
            except Exception:
                # An error inside MediaPipe must not stop anyone from labelling.
                _LOG.exception("Prediction of %s failed", photo.name)
                prediction = Prediction("none", note=FAILED)
            self._predictions[photo.filename] = prediction

        return predict


def _skip(photo: Recording, frame: Frame) -> None:
    del photo, frame


def _ready(model: LabelModel, track: LandmarkTrack) -> Prediction:
    return Prediction("ready", 1.0, None, model.photo_probabilities(track), model.labels)
