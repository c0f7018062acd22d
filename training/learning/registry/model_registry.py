"""Registered versions of the model: their files, and the present and former champions.

Importing this module imports MLflow, which takes seconds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import mlflow
import numpy as np
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
from numpy.typing import NDArray

from training.errors import PromotionError
from training.learning.registry import tracking
from training.params import TrackingParams
from training.recordings.content_hashes import content_sha256

CHAMPION = "champion"
_DESCRIPTION = (
    "The ONNX file of the champion is served, byte for byte. Its metadata say what it expects, "
    "what it learned from, and how well it does."
)
_FOLDER = "deployment"
_MODEL_FILE = "pose_classifier.onnx"
_DEVELOPMENT_FILE = "development.onnx"
_HELD_OUT_FILE = "held_out.npz"
_LEARNED_FROM_FILE = "learned_from.json"
_HISTORY_TAG = "champion_history"


@dataclass(frozen=True)
class Deployment:
    """The files of a version, in one folder. Only the model itself is required.

    Attributes:
        folder: Folder of the files.
        model_file: Name of the model's file in it.
    """

    folder: Path
    model_file: str = _MODEL_FILE

    @property
    def model(self) -> Path:
        """The model that is served if the version is the champion."""
        return self.folder / self.model_file

    @property
    def development(self) -> Path:
        """The same kind of model, trained without the held-out recordings."""
        return self.folder / _DEVELOPMENT_FILE

    @property
    def held_out(self) -> Path:
        """Landmarks and labels (or scores) of the held-out recordings."""
        return self.folder / _HELD_OUT_FILE

    @property
    def learned_from(self) -> Path:
        """Groups that the development model was trained on, as a JSON list."""
        return self.folder / _LEARNED_FROM_FILE


def _specs(values: Any) -> list[TensorSpec]:
    """Names, types and shapes of a graph's inputs or outputs; a free dimension is −1."""
    from onnx import helper

    found = []
    for value in values:
        tensor = value.type.tensor_type
        shape = tuple(dimension.dim_value or -1 for dimension in tensor.shape.dim)
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type))
        found.append(TensorSpec(dtype, shape, value.name))
    return found


def _signature(model: Any) -> ModelSignature:
    return ModelSignature(
        inputs=Schema([*_specs(model.graph.input)]), outputs=Schema([*_specs(model.graph.output)])
    )


def _example(model: Any) -> dict[str, NDArray[Any]]:
    """Input of zeros: NaN, for what is not known, is valid input but not valid JSON."""
    return {
        str(spec.name): np.zeros([1 if size < 0 else size for size in spec.shape], dtype=spec.type)
        for spec in _specs(model.graph.input)
    }


class Registry:
    """The registered versions of one model.

    Args:
        params: Location of the registry and name of the model.
        model_file: Name of the model's file among those of a version.

    Raises:
        TrainingError: The registry cannot be reached.
    """

    def __init__(self, params: TrackingParams, model_file: str = _MODEL_FILE) -> None:
        self._client = tracking.connect(params)
        self._model_file = model_file
        self.name = params.registered_model

    def register(self, deployment: Deployment, tags: Mapping[str, Any], description: str) -> str:
        """Log a deployment to the active run, register it, and return the new version.

        The ONNX model is also logged as an MLflow model, with its signature and an example of its
        input, so that MLflow's own tools can load it.

        Args:
            deployment: The files of the version.
            tags: Facts about it.
            description: What it is, for the person who looks at it in MLflow.
        """
        import onnx

        model = onnx.load(deployment.model)
        mlflow.log_artifacts(str(deployment.folder), _FOLDER)
        with tracking.quiet():
            logged = mlflow.onnx.log_model(
                model,
                name="model",
                signature=_signature(model),
                input_example=_example(model),
                # Inferring these would take seconds and list the whole environment.
                pip_requirements=["onnxruntime", "numpy"],
                save_as_external_data=False,
                registered_model_name=self.name,
            )
        version = str(logged.registered_model_version)
        all_tags = {"sha256": content_sha256(deployment.model), **tags}
        for key, value in all_tags.items():
            self._client.set_model_version_tag(self.name, version, key, str(value))
        self._client.update_model_version(self.name, version, description)
        self._client.update_registered_model(self.name, _DESCRIPTION)
        return version

    def versions(self) -> list[ModelVersion]:
        """All registered versions, newest first."""
        found = self._client.search_model_versions(f"name = '{self.name}'")
        return sorted(found, key=lambda version: -int(version.version))

    def version(self, number: str) -> ModelVersion:
        """The version with a number.

        Raises:
            PromotionError: There is no such version.
        """
        for version in self.versions():
            if str(version.version) == number:
                return version
        raise PromotionError(
            f"There is no version {number} of {self.name!r}. `straps-train models` lists them."
        )

    def files(self, version: ModelVersion, folder: Path) -> Deployment:
        """Fetch the files of a version into a folder.

        Raises:
            PromotionError: They are gone.
        """
        folder.mkdir(parents=True, exist_ok=True)
        try:
            path = mlflow.artifacts.download_artifacts(
                run_id=version.run_id, artifact_path=_FOLDER, dst_path=str(folder)
            )
        except (MlflowException, OSError) as error:
            raise PromotionError(
                f"The files of version {version.version} cannot be read ({error}). Was its run "
                "deleted, or its folder moved?"
            ) from error
        return Deployment(Path(path), self._model_file)

    def has_files(self, version: ModelVersion) -> bool:
        """Whether the files of a version are still there."""
        try:
            return bool(
                mlflow.artifacts.list_artifacts(run_id=version.run_id, artifact_path=_FOLDER)
            )
        except (MlflowException, OSError):
            return False

    def champion(self) -> str | None:
        """Number of the version that is served; None if none has been promoted."""
        version = self._registered("aliases").get(CHAMPION)
        return None if version is None else str(version)

    def set_alias(self, version: str) -> None:
        """Give a version the alias ``champion``."""
        self._client.set_registered_model_alias(self.name, CHAMPION, version)

    def former_champions(self) -> list[str]:
        """Versions that a rollback can return to, most recent last."""
        former: list[str] = json.loads(self._registered("tags").get(_HISTORY_TAG, "[]"))
        return former

    def remember_champions(self, former: list[str]) -> None:
        """Replace the versions that a rollback can return to."""
        self._client.set_registered_model_tag(self.name, _HISTORY_TAG, json.dumps(former))

    def _registered(self, attribute: Literal["aliases", "tags"]) -> dict[str, Any]:
        """Aliases or tags of the registered model; empty if no version is registered."""
        found = self._client.search_registered_models(f"name = '{self.name}'")
        return dict(getattr(found[0], attribute)) if found else {}
