"""Pose probabilities from an ONNX model file that describes itself.

The file's ONNX metadata holds, under ``CONTRACT_KEY``, its labels, features, smoothing defaults,
training and metrics. Serving therefore needs no other file, and a model made for different features
is rejected rather than misused.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from shared_features.classify.onnx_file import last_sizes, metadata_of, open_session
from shared_features.errors import ClassifierError, FeatureSpecError
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.in_view import in_view
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.params import TimelineParams

CONTRACT_KEY = "pose_classifier"
CONTRACT_VERSION = 1
INPUT_NAME = "features"
PROBABILITIES_NAME = "probabilities"

# Number of frames classified together, so that the features of an hour are never in memory at once.
_BLOCK_FRAMES = 8192


@dataclass(frozen=True)
class ModelContract:
    """A model file's description of itself.

    Attributes:
        labels: The poses, in the order of the probabilities.
        other: The label that means "none of the poses". It is not among the labels of a model that
            was trained without it, which then never predicts it.
        features: The features that the model takes.
        timeline: The smoothing that the model is meant to be used with.
        training: How the model was trained: data, model type, parameters, seed, run ID, versions,
            dates.
        metrics: Scores by name.
    """

    labels: tuple[str, ...]
    other: str
    features: FeatureSpec
    timeline: TimelineParams
    training: dict[str, Any]
    metrics: dict[str, Any]

    @property
    def mirror_images(self) -> bool:
        """Whether the model was trained on mirror images, under the labels of the originals."""
        return self.training.get("mirror_images") is True

    def to_json(self) -> str:
        """The contract as stored in the model file."""
        return json.dumps(
            {
                "contract_version": CONTRACT_VERSION,
                "labels": list(self.labels),
                "other": self.other,
                "features": self.features.to_dict(),
                "timeline": self.timeline.model_dump(),
                "training": self.training,
                "metrics": self.metrics,
            },
            sort_keys=True,
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The contract that ``to_json`` stored.

        Raises:
            FeatureSpecError: The contract requires features that this program does not compute.
            ValueError, KeyError, TypeError: The text is not a contract.
        """
        content = json.loads(text)
        if content["contract_version"] != CONTRACT_VERSION:
            raise ValueError(
                f"contract version {content['contract_version']}, expected {CONTRACT_VERSION}"
            )
        return cls(
            labels=tuple(content["labels"]),
            other=content["other"],
            features=FeatureSpec.from_dict(content["features"]),
            timeline=TimelineParams.model_validate(content["timeline"]),
            training=content["training"],
            metrics=content["metrics"],
        )


class PoseClassifier:
    """Computes the probability of every label for each frame. Threads can share one.

    It can be pickled: another process gets the same model, even if the file has been replaced.

    Args:
        path: Path of the model file.
        content: Contents of the file, if it has been read already.

    Raises:
        ClassifierError: The file is missing, damaged, not a pose classifier, or has a contract that
            this program cannot honour.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        if content is None and not path.is_file():
            raise ClassifierError(
                f"There is no model file {path}. Run `make starter` to build the starter model, "
                "or set `serving.model_path` in params.yaml to a pose_classifier.onnx."
            )
        content = path.read_bytes() if content is None else content
        self._session = open_session(path, content, "Promote a model again, or run `make starter`.")
        self.path = path
        self._content = content
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.contract = self._read_contract()
        self._check_shapes()

    def __reduce__(self) -> tuple[type[Self], tuple[Path, bytes]]:
        """Pickle support."""
        return type(self), (self.path, self._content)

    @property
    def labels(self) -> tuple[str, ...]:
        """The poses, in the order of the probabilities."""
        return self.contract.labels

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities ``(n, labels)`` of features ``(n, columns)``.

        A row with no features at all is a frame without a person; its probabilities are NaN.
        """
        probabilities = np.full((len(features), len(self.labels)), np.nan, dtype=np.float32)
        known = ~np.isnan(features).all(axis=1)
        if known.any():
            probabilities[known] = self._session.run(
                [PROBABILITIES_NAME], {INPUT_NAME: features[known]}
            )[0]
        return probabilities

    def classify(self, track: LandmarkTrack) -> NDArray[np.float32]:
        """Probabilities ``(n, labels)`` of a track's frames.

        They are NaN for frames without a person, and for those in which not all of the body is in
        view: what is outside the picture is guessed.
        """
        compute, n_frames = self.contract.features.compute, len(track)
        probabilities = np.empty((n_frames, len(self.labels)), dtype=np.float32)
        for start in range(0, n_frames, _BLOCK_FRAMES):
            block = slice(start, start + _BLOCK_FRAMES)
            features = compute(track.image[block], track.world[block], track.aspect)
            probabilities[block] = self.probabilities(features)
        probabilities[~in_view(track.image, track.aspect)] = np.nan
        return probabilities

    def classify_photo(self, track: LandmarkTrack) -> NDArray[np.float32]:
        """Probabilities ``(labels,)`` of a photo, a track of one frame; NaN as in ``classify``.

        They are the mean of the photo and its mirror image, which have the same pose. A model that
        was not trained on mirror images may have different labels for the two sides, and is only
        given the photo itself.
        """
        probabilities = self.classify(track)
        if self.contract.mirror_images:
            probabilities = (probabilities + self.classify(track.mirrored())) * np.float32(0.5)
        photo: NDArray[np.float32] = probabilities[0]
        return photo

    def _read_contract(self) -> ModelContract:
        metadata = metadata_of(self._session)
        if CONTRACT_KEY not in metadata:
            raise ClassifierError(
                f"{self.path} is an ONNX file without the description of a pose classifier "
                f"(metadata key {CONTRACT_KEY!r}). Use a file exported by this project's training."
            )
        try:
            return ModelContract.from_json(metadata[CONTRACT_KEY])
        except FeatureSpecError as error:
            raise ClassifierError(f"{self.path} cannot be used. {error}") from error
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise ClassifierError(
                f"{self.path} has a description that this program does not understand "
                f"({type(error).__name__}: {error}). Export the model again with this version."
            ) from error

    def _check_shapes(self) -> None:
        columns, labels = len(self.contract.features.columns), len(self.labels)
        found_columns, found_labels = last_sizes(self._session, INPUT_NAME, PROBABILITIES_NAME)
        if (found_columns, found_labels) != (columns, labels):
            raise ClassifierError(
                f"{self.path} takes {found_columns} features and returns {found_labels} "
                f"probabilities, but its description names {columns} features and {labels} labels. "
                "Export the model again."
            )
