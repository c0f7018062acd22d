"""Logs a training to the active MLflow run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.numpy_dataset import from_numpy

from shared_features.params import SharedParams
from training.data.dataset import Dataset
from training.data.training_data import TrainingData
from training.learning.estimators.fitting import FitSettings
from training.learning.estimators.models import complete
from training.learning.evaluation.importances import feature_importances
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.served import Served
from training.learning.evaluation.summary import Evaluation, Evaluations
from training.learning.export.parity import Parity
from training.learning.registry import tracking
from training.learning.reports.label_balance import count_labels
from training.learning.reports.mistakes import Mistake
from training.learning.reports.plots import evaluation_figures, importances_figure, save_figures
from training.params import TrainingParams


def log_training_data(
    training_data: TrainingData, settings: FitSettings, shared: SharedParams, params: TrainingParams
) -> None:
    """Log settings, environment, both parts of the split, and the label balance."""
    data = training_data.dataset
    tracking.log_parameters(
        {
            "model_training": params.model_training.model_dump(exclude={"hyperparameters"}),
            "features": shared.features.model_dump(),
            "mirror_landmarks": params.make_features.mirror_landmarks,
            "features_hash": training_data.spec.hash,
            "labels": list(data.labels),
        }
    )
    tracking.log_environment()
    for name, chosen in (
        ("train", training_data.split.train),
        ("held_out", training_data.split.held_out),
    ):
        rows = data.rows(chosen)
        part = from_numpy(
            rows.features,
            targets=rows.codes,
            source=CodeDatasetSource({"table": str(params.data.final_features)}),
            name=name,
            digest=training_data.sha256[:16],
        )
        mlflow.log_input(part, context=name)
    balance = [asdict(count) for count in count_labels(training_data, settings)]
    tracking.log_json(balance, "label_balance.json")


def log_settings(settings: FitSettings) -> None:
    """Log which model is trained, and how."""
    tracking.log_parameters(
        {
            "model": settings.model,
            "class_weights": settings.class_weights,
            "seed": settings.seed,
            "hyperparameters": complete(settings.model, settings.hyperparameters),
        }
    )


def log_evaluation(evaluation: Evaluation, predictions: Predictions, folder: Path) -> None:
    """Log overall and per-label metrics, curves, confusion matrix and classification report."""
    mlflow.log_metrics(_known(evaluation.summary()))
    for scores in evaluation.per_label:
        values = asdict(scores)
        label = values.pop("label").replace(" ", "_")
        mlflow.log_metrics({f"{label}.{name}": value for name, value in _known(values).items()})
    tracking.log_files(save_figures(evaluation_figures(predictions, evaluation), folder))
    mlflow.log_text(evaluation.as_text(), "classification_report.txt")


def log_served(served: Served | None) -> None:
    """Log what serving would do on the held-out recordings."""
    if served is not None:
        mlflow.log_metrics({f"served_{name}": value for name, value in served.numbers().items()})


def log_folds(per_fold: Sequence[Evaluation]) -> None:
    """Log the macro F1 of each fold."""
    for step, evaluation in enumerate(per_fold):
        mlflow.log_metrics(_known({"fold_f1_macro": evaluation.f1_macro}), step=step)


def log_importances(model: Any, held_out: Dataset, seed: int, folder: Path) -> None:
    """Log the feature importances, as a figure and as numbers."""
    importances, how = feature_importances(model, held_out, seed)
    figure = {"feature_importances": importances_figure(importances, how)}
    tracking.log_files(save_figures(figure, folder))
    tracking.log_json(importances, "feature_importances.json")


def log_parity(parity: Parity) -> None:
    """Log how closely the model file reproduces the model."""
    mlflow.log_metrics(
        {
            "parity_max_difference": parity.max_difference,
            "parity_differing_labels": parity.differing_labels,
        }
    )


def log_mistakes(mistakes: Sequence[Mistake], folder: Path) -> None:
    """Log the thumbnails of the worst mistakes."""
    images = folder / "mistakes"
    images.mkdir()
    for rank, mistake in enumerate(mistakes, start=1):
        if mistake.thumbnail is not None:
            recording = Path(mistake.filename).stem
            name = f"{rank:02}_{mistake.truth}_as_{mistake.predicted}_{recording}"
            path = images / f"{name}_{mistake.frame_number}.jpg".replace(" ", "_")
            path.write_bytes(mistake.thumbnail)
    mlflow.log_artifacts(str(images), "mistakes")


def log_summary(evaluations: Evaluations) -> None:
    """Log the scores for comparing trainings, to the outermost run."""
    held_out = {f"held_out_{n}": value for n, value in evaluations.held_out.summary().items()}
    everything = {f"all_{n}": value for n, value in evaluations.cross_validation.summary().items()}
    log_served(evaluations.served)
    mlflow.log_metrics(_known(held_out | everything))


def _known(values: Mapping[str, float]) -> dict[str, float]:
    """The scores that are known."""
    return {name: float(value) for name, value in values.items() if value == value}
