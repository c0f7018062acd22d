"""The model that proposes labels, and the stored landmarks it can use."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import ClassifierError, StrapsError, TrackError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import read_track
from training.recordings.catalog import Recording, landmarks_path


@dataclass(frozen=True)
class LabelModel:
    """A classifier, restricted to the labels that have a key.

    Attributes:
        classifier: The classifier with all its labels.
        labels: Those of its labels that have a key.
    """

    classifier: PoseClassifier
    labels: tuple[str, ...]

    def probabilities(self, track: LandmarkTrack) -> NDArray[np.float32]:
        """Probabilities for the frames of a track, ``(n, labels)``; NaN where no one was found."""
        return self.classifier.classify(track)[:, self._columns]

    def photo_probabilities(self, track: LandmarkTrack) -> NDArray[np.float32]:
        """Probabilities for a photo, ``(1, n)``; NaN if no one was found."""
        return self.classifier.classify_photo(track)[None, self._columns]

    @property
    def _columns(self) -> list[int]:
        return [self.classifier.labels.index(label) for label in self.labels]


def load_model(path: Path, known: tuple[str, ...]) -> LabelModel:
    """The promoted model.

    Args:
        path: path of the model file.
        known: the labels that have a key.

    Raises:
        ClassifierError: there is no usable model; the message is meant for the page.
    """
    if not path.is_file():
        raise ClassifierError(f"No labels are proposed: there is no {path.name} yet.")
    try:
        classifier = PoseClassifier(path)
    except StrapsError as error:
        raise ClassifierError(f"No labels are proposed: {error}") from error
    labels = tuple(label for label in classifier.labels if label in known)
    if not labels:
        raise ClassifierError(
            f"No labels are proposed: {path.name} knows none of the labels in params.yaml."
        )
    return LabelModel(classifier, labels)


def stored_track(folder: Path, recording: Recording, frames: int) -> LandmarkTrack | None:
    """The landmarks that extraction has written; None unless they have as many frames."""
    path = landmarks_path(folder, recording.kind, recording.name)
    if not path.is_file():
        return None
    try:
        track = read_track(path)
    except TrackError:
        return None
    return track if len(track) == frames else None
