"""The model file of a training run: a fitted estimator and the file's description of itself."""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from shared_features.classify.classifier import ModelContract
from shared_features.params import SharedParams
from shared_features.pose import model_asset
from training.data.dataset import Dataset
from training.data.training_data import TrainingData
from training.learning.estimators.fitting import FitSettings
from training.learning.estimators.models import complete
from training.learning.evaluation.calibration import CalibratedModel, Calibration
from training.learning.evaluation.summary import Evaluation, Evaluations
from training.learning.export.onnx_file import export_model
from training.learning.export.parity import Parity
from training.words import counted

_VERSIONED_PACKAGES = (
    "mediapipe",
    "numpy",
    "onnxmltools",
    "scikit-learn",
    "skl2onnx",
    "xgboost",
)


@dataclass(frozen=True)
class Origin:
    """Where a model comes from.

    Attributes:
        run_id: ID of the MLflow run.
        created: Time at which the training started.
    """

    run_id: str
    created: datetime


def write_model_file(
    model: Any,
    learned_from: Dataset,
    training_data: TrainingData,
    settings: FitSettings,
    evaluations: Evaluations,
    origin: Origin,
    shared: SharedParams,
    path: Path,
) -> Parity:
    """Export a fitted model to a file that states what it learned from and how well it does.

    Raises:
        ExportError: The file does not reproduce the model's predictions.
    """
    contract = ModelContract(
        labels=training_data.dataset.labels,
        other=shared.labels.other,
        features=training_data.spec,
        timeline=shared.timeline,
        training=_provenance(
            learned_from, training_data, settings, origin, shared, _calibration(model)
        ),
        metrics=_metrics(evaluations),
    )
    return export_model(model, contract, learned_from.features, path, settings.seed)


def _calibration(model: Any) -> Calibration | None:
    return model.calibration if isinstance(model, CalibratedModel) else None


def package_versions() -> dict[str, str]:
    """Versions of the libraries that a model depends on, by name."""
    return {package: version(package) for package in _VERSIONED_PACKAGES}


def _provenance(
    learned_from: Dataset,
    training_data: TrainingData,
    settings: FitSettings,
    origin: Origin,
    shared: SharedParams,
    calibration: Calibration | None,
) -> dict[str, Any]:
    counts = np.bincount(
        learned_from.codes[~learned_from.augmented], minlength=len(learned_from.labels)
    )
    return {
        "name": "trained on recordings",
        "run_id": origin.run_id,
        "created": origin.created.isoformat(timespec="seconds"),
        "material": counted(learned_from.n_recordings, "recording"),
        "frames_per_label": dict(zip(learned_from.labels, counts.tolist(), strict=True)),
        "mirror_images": bool(learned_from.augmented.any()),
        "table_sha256": training_data.sha256,
        "model": settings.model,
        "parameters": complete(settings.model, settings.hyperparameters),
        "class_weights": settings.class_weights,
        "seed": settings.seed,
        "pose_model_sha256": model_asset.sha256_of(shared.pose.model_path, shared.pose.network),
        "calibration": None if calibration is None else calibration.to_dict(),
        "versions": package_versions(),
    }


def contract_metrics(evaluation: Evaluation, measured_on: str) -> dict[str, Any]:
    """The scores as a model file states them, rounded to four digits.

    Args:
        evaluation: The scores.
        measured_on: A phrase that names the frames they were measured on.
    """
    return {
        "measured_on": measured_on,
        "frames": evaluation.frames,
        "accuracy": round(evaluation.accuracy, 4),
        "macro_f1": round(evaluation.f1_macro, 4),
        "calibration_error": round(evaluation.calibration_error, 4),
        "per_label": {
            scores.label: {
                "precision": _rounded(scores.precision),
                "recall": _rounded(scores.recall),
                "f1": _rounded(scores.f1),
                "frames": scores.frames,
            }
            for scores in evaluation.per_label
        },
        "confusion": evaluation.confusion.tolist(),
    }


def _rounded(score: float) -> float | None:
    """Four digits; None if the score is not known."""
    return round(score, 4) if score == score else None


def _metrics(evaluations: Evaluations) -> dict[str, Any]:
    measured_on = (
        f"{counted(evaluations.held_out.recordings, 'held-out recording')}, by a model trained in "
        "the same way on the others"
    )
    return contract_metrics(evaluations.held_out, measured_on) | {
        "cross_validation": {
            "folds": len(evaluations.per_fold),
            "macro_f1": round(evaluations.cross_validation.f1_macro, 4),
            "macro_f1_per_fold": [_rounded(score) for score in evaluations.per_fold],
            "frames": evaluations.cross_validation.frames,
        },
    }
