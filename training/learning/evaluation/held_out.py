"""The held-out recordings, on which a new model and the champion are compared.

Landmarks are stored rather than features, so that models with other features can be evaluated too.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import PoseClassifier
from shared_features.landmarks.landmarks import FloatArray
from shared_features.landmarks.track_csv import read_track
from shared_features.runtime.atomic import atomic_write
from training.data.dataset import Dataset
from training.learning.evaluation.predictions import Predictions
from training.recordings.catalog import landmarks_path, split_filename


@dataclass(frozen=True)
class HeldOut:
    """Labelled landmarks of the held-out frames.

    Attributes:
        image: ``(n, 33, 5)`` float32 image landmarks.
        world: ``(n, 33, 3)`` float32 world landmarks.
        aspect: ``(n,)`` width over height of the frame.
        labels: ``(n,)`` names of the true labels.
        groups: ``(n,)`` group of each frame: a recording, its copies and near-duplicates.
        filenames: ``(n,)`` recording of each frame.
        frame_numbers: ``(n,)`` int64.
        pts_s: ``(n,)`` time of each frame in its recording; None in files of earlier versions.
    """

    image: FloatArray
    world: FloatArray
    aspect: NDArray[np.float64]
    labels: NDArray[np.str_]
    groups: NDArray[np.str_]
    filenames: NDArray[np.str_]
    frame_numbers: NDArray[np.int64]
    pts_s: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def without_groups(self, groups: Collection[str]) -> Self:
        """The frames of all other groups."""
        chosen = ~np.isin(self.groups, list(groups))
        return replace(self, **{name: values[chosen] for name, values in self._arrays().items()})

    def known_probabilities(self, classifier: PoseClassifier) -> NDArray[np.float32]:
        """A model's probabilities ``(n, labels)`` of its own labels."""
        features = classifier.contract.features.compute(self.image, self.world, self.aspect)
        return classifier.probabilities(features)

    def predictions(self, classifier: PoseClassifier) -> Predictions:
        """A model's predictions, whatever its features and labels are.

        A label that the model does not know gets probability 0, so its frames count as wrong.
        """
        known = classifier.labels
        names = (*known, *sorted(set(self.labels.tolist()) - set(known)))
        probabilities = np.zeros((len(self), len(names)))
        probabilities[:, : len(known)] = self.known_probabilities(classifier)
        codes = {name: code for code, name in enumerate(names)}
        truth = np.array([codes[label] for label in self.labels.tolist()], dtype=np.int64)
        return Predictions(names, truth, probabilities, self.filenames, self.frame_numbers)

    def save(self, path: Path) -> None:
        """Write everything to one ``.npz`` file, atomically."""
        with atomic_write(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **self._arrays())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file written by ``save``."""
        with np.load(path) as stored:
            return cls(**{name: stored[name] for name in stored.files})

    def _arrays(self) -> dict[str, NDArray[Any]]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: array for name, array in values.items() if array is not None}


def collect_held_out(data: Dataset, landmarks: Path) -> HeldOut:
    """Landmarks of a table's rows, read from the landmark tables its features were computed from.

    Args:
        data: The held-out rows; none of them augmented.
        landmarks: Folder of landmark tables.

    Raises:
        TrackError: A landmark table is missing or damaged.
    """
    image = np.empty((len(data), 33, 5), dtype=np.float32)
    world = np.empty((len(data), 33, 3), dtype=np.float32)
    aspect, pts_s = np.empty(len(data)), np.empty(len(data))
    order = np.argsort(data.filenames, kind="stable")
    ends = np.flatnonzero(data.filenames[order][1:] != data.filenames[order][:-1]) + 1
    for rows in np.split(order, ends):
        filename = str(data.filenames[rows[0]])
        track = read_track(landmarks_path(landmarks, *split_filename(filename)))
        frames = data.frame_numbers[rows]
        image[rows], world[rows] = track.image[frames], track.world[frames]
        aspect[rows], pts_s[rows] = track.aspect, track.pts_s[frames]
    return HeldOut(
        image=image,
        world=world,
        aspect=aspect,
        labels=np.array(data.labels)[data.codes],
        groups=data.groups,
        filenames=data.filenames,
        frame_numbers=data.frame_numbers,
        pts_s=pts_s,
    )
