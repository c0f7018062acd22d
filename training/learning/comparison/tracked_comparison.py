"""A comparison of models as recorded in MLflow: one run, with a nested run per model."""

from collections.abc import Sequence
from pathlib import Path

import mlflow

from training.learning.comparison.cross_validation import METRICS, ModelScores
from training.learning.registry import tracking
from training.params import TrackingParams


def log_comparison(
    compared: Sequence[ModelScores], files: Sequence[Path], params: TrackingParams, name: str
) -> None:
    """Record the scores of each model, and the files of the comparison.

    Raises:
        TrainingError: MLflow's store cannot be used.
    """
    tracking.connect(params)
    with tracking.run(name, nested=False):
        tracking.log_environment()
        tracking.log_files(list(files))
        for one in compared:
            with tracking.run(one.model):
                mlflow.log_param("model", one.model)
                mlflow.log_metrics({metric: one.mean(metric) for metric in METRICS})
                mlflow.log_metrics({f"{metric}_std": one.deviation(metric) for metric in METRICS})
