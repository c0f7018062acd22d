"""The model that proposes labels, and the landmarks it is fed."""

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
    """A classifier, seen through the labels that keys stand for.

    Attributes:
        classifier: the whole of it.
        labels: those of its labels that keys stand for.
    """

    classifier: PoseClassifier
    labels: tuple[str, ...]

    def probabilities(self, track: LandmarkTrack) -> NDArray[np.float32]:
        """Of the frames of a track ``(n, labels)``; NaN where nobody was found."""
        columns = [self.classifier.labels.index(label) for label in self.labels]
        return self.classifier.classify(track)[:, columns]


def load_model(path: Path, known: tuple[str, ...]) -> LabelModel:
    """The promoted model.

    Args:
        path: of the file.
        known: the labels that keys stand for.

    Raises:
        ClassifierError: there is none that can be used; the message is for the page.
    """
    if not path.is_file():
        raise ClassifierError(f"No model proposes labels: there is no {path.name} yet.")
    try:
        classifier = PoseClassifier(path)
    except StrapsError as error:
        raise ClassifierError(f"No model proposes labels: {error}") from error
    labels = tuple(label for label in classifier.labels if label in known)
    if not labels:
        raise ClassifierError(
            f"No model proposes labels: {path.name} knows none of the labels in params.yaml."
        )
    return LabelModel(classifier, labels)


def stored_track(folder: Path, recording: Recording, frames: int) -> LandmarkTrack | None:
    """The landmarks that extraction has written, if they are of this recording's frames."""
    path = landmarks_path(folder, recording.kind, recording.name)
    if not path.is_file():
        return None
    try:
        track = read_track(path)
    except TrackError:
        return None
    return track if len(track) == frames else None
