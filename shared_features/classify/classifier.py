"""One ONNX file with its own contract inside, to probabilities.

The only module that touches onnxruntime. The file describes itself: labels, features, smoothing
defaults, how it was trained and how well it did sit in its ONNX metadata under ``CONTRACT_KEY``, so
serving needs nothing else, and a file made for other features is refused instead of misread.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from shared_features.errors import ClassifierError, FeatureSpecError
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.params import TimelineParams

# onnxruntime counts its use and leaves a file in the temporary folder unless told not to, before it
# is imported. Nothing here reports to anyone.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

CONTRACT_KEY = "pose_classifier"
CONTRACT_VERSION = 1
INPUT_NAME = "features"
PROBABILITIES_NAME = "probabilities"

# Frames of a track classified together: features of an hour need not be in memory at once.
_BLOCK_FRAMES = 8192


@dataclass(frozen=True)
class ModelContract:
    """What a model file says about itself.

    Attributes:
        labels: the poses, in the order of the probabilities.
        other: the label that means "none of the poses". A model that has not learned it never
            answers it, and then it is not among the labels.
        features: what the model is fed.
        timeline: the smoothing it is meant to be used with.
        training: how it came about: data, model type, parameters, seed, run id, versions, dates.
        metrics: how well it did, by name.
    """

    labels: tuple[str, ...]
    other: str
    features: FeatureSpec
    timeline: TimelineParams
    training: dict[str, Any]
    metrics: dict[str, Any]

    def to_json(self) -> str:
        """The contract as it is stored in the file."""
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
    def from_json(cls, text: str) -> "ModelContract":
        """The contract that ``to_json`` stored.

        Raises:
            FeatureSpecError: it asks for features that this program does not compute.
            ValueError, KeyError, TypeError: it is not a contract.
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
    """Gives each frame a probability for every label. Safe to share between threads.

    Raises:
        ClassifierError: the file is missing, damaged, not one of ours, or of another contract.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        if not path.is_file():
            raise ClassifierError(
                f"There is no model file {path}. Run `make starter` to build the starter model, "
                "or set `serving.model_path` in params.yaml to a pose_classifier.onnx."
            )
        content = path.read_bytes()
        options = onnxruntime.SessionOptions()
        # One row takes microseconds: threads would cost more than they bring.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has no common base for its errors
            raise ClassifierError(
                f"{path} is not a readable ONNX file ({type(error).__name__}). Promote a model "
                "again, or run `make starter`."
            ) from error
        self.path = path
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.contract = self._read_contract()
        self._check_shapes()

    @property
    def labels(self) -> tuple[str, ...]:
        """The poses, in the order of the probabilities."""
        return self.contract.labels

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities ``(n, labels)`` of features ``(n, columns)``.

        A row whose features are all missing is a frame without a person: its probabilities are NaN.
        """
        probabilities = np.full((len(features), len(self.labels)), np.nan, dtype=np.float32)
        known = ~np.isnan(features).all(axis=1)
        if known.any():
            probabilities[known] = self._session.run(
                [PROBABILITIES_NAME], {INPUT_NAME: features[known]}
            )[0]
        return probabilities

    def classify(self, track: LandmarkTrack) -> NDArray[np.float32]:
        """Probabilities ``(n, labels)`` of the frames of a track; NaN without a person."""
        compute, n_frames = self.contract.features.compute, len(track)
        probabilities = np.empty((n_frames, len(self.labels)), dtype=np.float32)
        for start in range(0, n_frames, _BLOCK_FRAMES):
            block = slice(start, start + _BLOCK_FRAMES)
            features = compute(track.image[block], track.world[block], track.aspect)
            probabilities[block] = self.probabilities(features)
        return probabilities

    def _read_contract(self) -> ModelContract:
        metadata = self._session.get_modelmeta().custom_metadata_map
        if CONTRACT_KEY not in metadata:
            raise ClassifierError(
                f"{self.path} is an ONNX file without a pose classifier's description (metadata "
                f"key {CONTRACT_KEY!r}). Use a file written by this project's training."
            )
        try:
            return ModelContract.from_json(metadata[CONTRACT_KEY])
        except FeatureSpecError as error:
            raise ClassifierError(f"{self.path} cannot be used. {error}") from error
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise ClassifierError(
                f"{self.path} describes itself in a way this program does not understand "
                f"({type(error).__name__}: {error}). Export the model again with this version."
            ) from error

    def _check_shapes(self) -> None:
        inputs = {i.name: i.shape for i in self._session.get_inputs()}
        outputs = {o.name: o.shape for o in self._session.get_outputs()}
        columns, labels = len(self.contract.features.columns), len(self.labels)
        found_columns = inputs.get(INPUT_NAME, [None, None])[-1]
        found_labels = outputs.get(PROBABILITIES_NAME, [None, None])[-1]
        if (found_columns, found_labels) != (columns, labels):
            raise ClassifierError(
                f"{self.path} takes {found_columns} features and gives {found_labels} "
                f"probabilities, but describes {columns} features and {labels} labels. Export the "
                "model again."
            )
