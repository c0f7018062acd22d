"""Registered versions of the model: their files, which one is the champion, which ones were.

Importing this module imports MLflow, which takes seconds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from training.errors import PromotionError
from training.learning.registry import tracking
from training.params import TrackingParams
from training.recordings.content_hashes import content_sha256

CHAMPION = "champion"
_FOLDER = "deployment"
_MODEL_FILE = "pose_classifier.onnx"
_DEVELOPMENT_FILE = "development.onnx"
_HELD_OUT_FILE = "held_out.npz"
_LEARNED_FROM_FILE = "learned_from.json"
_HISTORY_TAG = "champion_history"


@dataclass(frozen=True)
class Deployment:
    """The files that a version brings along, in one folder. Only the model itself must be there.

    Attributes:
        folder: where they are.
    """

    folder: Path

    @property
    def model(self) -> Path:
        """What is served once the version is champion."""
        return self.folder / _MODEL_FILE

    @property
    def development(self) -> Path:
        """The same kind of model, trained without the recordings kept back."""
        return self.folder / _DEVELOPMENT_FILE

    @property
    def held_out(self) -> Path:
        """Landmarks and labels of the recordings kept back."""
        return self.folder / _HELD_OUT_FILE

    @property
    def learned_from(self) -> Path:
        """The groups that the development model has learned from, as a JSON list."""
        return self.folder / _LEARNED_FROM_FILE


class Registry:
    """The registered versions of one model.

    Args:
        params: where the registry is, and what the model is called.

    Raises:
        TrainingError: the registry cannot be reached.
    """

    def __init__(self, params: TrackingParams) -> None:
        self._client = tracking.connect(params)
        self.name = params.registered_model

    def register(self, deployment: Deployment, tags: Mapping[str, Any]) -> str:
        """Log a deployment in the active run and register it; returns the new version.

        The ONNX model is also logged the way MLflow knows models, so that its own tools load it.
        """
        import onnx

        mlflow.log_artifacts(str(deployment.folder), _FOLDER)
        with tracking.quiet():
            logged = mlflow.onnx.log_model(
                onnx.load(deployment.model),
                name="model",
                # Given, since finding them out takes seconds and lists the whole environment.
                pip_requirements=["onnxruntime", "numpy"],
                save_as_external_data=False,
                registered_model_name=self.name,
            )
        version = str(logged.registered_model_version)
        all_tags = {"sha256": content_sha256(deployment.model), **tags}
        for key, value in all_tags.items():
            self._client.set_model_version_tag(self.name, version, key, str(value))
        return version

    def versions(self) -> list[ModelVersion]:
        """Every registered version, the newest first."""
        found = self._client.search_model_versions(f"name = '{self.name}'")
        return sorted(found, key=lambda version: -int(version.version))

    def version(self, number: str) -> ModelVersion:
        """One version.

        Raises:
            PromotionError: there is none of that number.
        """
        for version in self.versions():
            if str(version.version) == number:
                return version
        raise PromotionError(
            f"There is no version {number} of {self.name!r}. `straps-train models` lists them."
        )

    def files(self, version: ModelVersion, folder: Path) -> Deployment:
        """A version's files, fetched into a folder.

        Raises:
            PromotionError: they are gone.
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
        return Deployment(Path(path))

    def champion(self) -> str | None:
        """The number of the version that is served, if one has been promoted."""
        version = self._registered("aliases").get(CHAMPION)
        return None if version is None else str(version)

    def set_alias(self, version: str) -> None:
        """Set the alias ``champion``."""
        self._client.set_registered_model_alias(self.name, CHAMPION, version)

    def former_champions(self) -> list[str]:
        """The versions that one can go back to, the latest one last."""
        former: list[str] = json.loads(self._registered("tags").get(_HISTORY_TAG, "[]"))
        return former

    def remember_champions(self, former: list[str]) -> None:
        """Replace the versions that one can go back to."""
        self._client.set_registered_model_tag(self.name, _HISTORY_TAG, json.dumps(former))

    def _registered(self, what: str) -> dict[str, Any]:
        """Aliases or tags of the registered model; none while no version is registered."""
        found = self._client.search_registered_models(f"name = '{self.name}'")
        return dict(getattr(found[0], what)) if found else {}
