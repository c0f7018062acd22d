"""A thread that finds out what the model makes of photos. Labelling never waits for it."""

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
from training.labeller.predictions.model import LabelModel, stored_track
from training.labeller.predictions.opinions import FAILED, Opinion
from training.recordings.catalog import Recording

_LOG = logging.getLogger(__name__)


class PhotoProposer:
    """Looks at all photos that wait to be labelled, once. Safe between threads.

    Args:
        model: whose opinion it is; None: photos are only tried out.
        note: why there is no model.
        shared: limits and how landmarks are found.
        landmarks: folder of landmark tables; what is not there is computed and not stored.
        photos: that wait to be labelled.
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
        self._opinions: dict[str, Opinion] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, unreadable: Callable[[Recording, str], None]) -> None:
        """Begin; ``unreadable`` is told of photos that cannot be read, and why."""
        self._thread = threading.Thread(
            target=self._run, args=(unreadable,), name="proposals", daemon=True
        )
        self._thread.start()

    def want(self, recordings: Sequence[Recording]) -> None:
        """All of them are looked at anyway."""

    def opinion(self, filename: str) -> Opinion:
        """What is known of a photo."""
        known = self._opinions.get(filename)
        if known is not None:
            return known
        waiting = filename in self._waiting and self._model is not None
        return Opinion("computing") if waiting else Opinion("none", note=self._note)

    def close(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, unreadable: Callable[[Recording, str], None]) -> None:
        left = [photo for photo in self._photos if not self._by_table(photo)]
        with ExitStack() as opened:
            look_at = self._looker(opened)
            for photo in left:
                if self._stopping.is_set():
                    return
                try:
                    frame = read_photo(photo.path, self._shared.media)
                except MediaError as error:
                    unreadable(photo, str(error))
                else:
                    look_at(photo, frame)
                self._waiting.discard(photo.filename)

    def _by_table(self, photo: Recording) -> bool:
        if self._model is None or self._stopping.is_set():
            return False
        track = stored_track(self._landmarks, photo, frames=1)
        if track is None:
            return False
        self._opinions[photo.filename] = _ready(self._model, track)
        self._waiting.discard(photo.filename)
        return True

    def _looker(self, opened: ExitStack) -> Callable[[Recording, Frame], None]:
        """Looks at one photo; at none if there is nothing to look with."""
        model, pose = self._model, self._shared.pose
        if model is None:
            return _look_away
        try:
            path = model_asset.resolve(pose.model_path)
            estimator = opened.enter_context(PoseEstimator(path, "photo", pose.max_people, pose))
        except StrapsError as error:
            self._note = f"No proposals: {error}"
            self._waiting.clear()
            return _look_away

        def look_at(photo: Recording, frame: Frame) -> None:
            try:
                track = photo_track(photo.path.name, frame, estimator, pose)
                opinion = _ready(model, track)
            except Exception:
                # Whatever MediaPipe runs into must not keep anybody from labelling.
                _LOG.exception("no proposal for %s", photo.name)
                opinion = Opinion("none", note=FAILED)
            self._opinions[photo.filename] = opinion

        return look_at


def _look_away(photo: Recording, frame: Frame) -> None:
    del photo, frame


def _ready(model: LabelModel, track: LandmarkTrack) -> Opinion:
    return Opinion("ready", 1.0, None, model.probabilities(track), model.labels)
