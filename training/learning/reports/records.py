"""What is logged of a training, in the MLflow run that is active."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.numpy_dataset import from_numpy

from shared_features.params import SharedParams
from training.data.dataset import Dataset
from training.learning.estimators.fitting import FitSettings
from training.learning.estimators.models import complete
from training.learning.evaluation.evaluate import Evaluation, Predictions
from training.learning.evaluation.importances import feature_importances
from training.learning.export.export import Parity
from training.learning.export.model_file import Judgement
from training.learning.material import Material, count_labels
from training.learning.registry import tracking
from training.learning.reports.mistakes import Mistake
from training.learning.reports.plots import evaluation_figures, importances_figure, save_figures
from training.params import TrainingParams


def log_material(
    material: Material, settings: FitSettings, shared: SharedParams, params: TrainingParams
) -> None:
    """Settings, environment, both parts of the table, and how balanced it is."""
    data = material.data
    tracking.log_parameters(
        {
            "model_training": params.model_training.model_dump(exclude={"hyperparameters"}),
            "features": shared.features.model_dump(),
            "mirror_landmarks": params.make_features.mirror_landmarks,
            "features_hash": material.spec.hash,
            "labels": list(data.labels),
        }
    )
    tracking.log_environment()
    for name, chosen in (("train", material.split.train), ("held_out", material.split.held_out)):
        rows = data.rows(chosen)
        part = from_numpy(
            rows.features,
            targets=rows.codes,
            source=CodeDatasetSource({"table": str(params.data.final_features)}),
            name=name,
            digest=material.sha256[:16],
        )
        mlflow.log_input(part, context=name)
    balance = [asdict(count) for count in count_labels(material, settings)]
    tracking.log_json(balance, "label_balance.json")


def log_settings(settings: FitSettings) -> None:
    """Which model is trained, and how."""
    tracking.log_parameters(
        {
            "model": settings.model,
            "class_weights": settings.class_weights,
            "seed": settings.seed,
            "hyperparameters": complete(settings.model, settings.hyperparameters),
        }
    )


def log_evaluation(evaluation: Evaluation, predictions: Predictions, folder: Path) -> None:
    """Metrics overall and per label, curves, confusion matrix and classification report."""
    mlflow.log_metrics(evaluation.summary())
    for scores in evaluation.per_label:
        values = asdict(scores)
        label = values.pop("label").replace(" ", "_")
        known = {name: float(value) for name, value in values.items() if value == value}
        mlflow.log_metrics({f"{label}.{name}": value for name, value in known.items()})
    tracking.log_files(save_figures(evaluation_figures(predictions, evaluation), folder))
    mlflow.log_text(evaluation.as_text(), "classification_report.txt")


def log_folds(per_fold: Sequence[Evaluation]) -> None:
    """The macro F1 of each fold."""
    for step, evaluation in enumerate(per_fold):
        mlflow.log_metric("fold_f1_macro", evaluation.f1_macro, step=step)


def log_importances(model: Any, judged: Dataset, seed: int, folder: Path) -> None:
    """Which features the model relies on, as a picture and as numbers."""
    importances, how = feature_importances(model, judged, seed)
    figure = {"feature_importances": importances_figure(importances, how)}
    tracking.log_files(save_figures(figure, folder))
    tracking.log_json(importances, "feature_importances.json")


def log_parity(parity: Parity) -> None:
    """How far apart model and model file are."""
    mlflow.log_metrics(
        {
            "parity_max_difference": parity.max_difference,
            "parity_differing_labels": parity.differing_labels,
        }
    )


def log_mistakes(mistakes: Sequence[Mistake], folder: Path) -> None:
    """The pictures of what the model gets most wrong."""
    pictures = folder / "mistakes"
    pictures.mkdir()
    for rank, mistake in enumerate(mistakes, start=1):
        if mistake.picture is not None:
            name = f"{rank:02}_{mistake.truth}_as_{mistake.answer}_{Path(mistake.filename).stem}"
            path = pictures / f"{name}_{mistake.frame_number}.jpg".replace(" ", "_")
            path.write_bytes(mistake.picture)
    mlflow.log_artifacts(str(pictures), "mistakes")


def log_summary(judgement: Judgement) -> None:
    """The scores that trainings are compared by, in the run that all others are in."""
    held_out = {f"held_out_{n}": value for n, value in judgement.held_out.summary().items()}
    everything = {f"all_{n}": value for n, value in judgement.cross_validation.summary().items()}
    mlflow.log_metrics(held_out | everything)
