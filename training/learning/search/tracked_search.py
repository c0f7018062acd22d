"""The hyperparameter search as recorded in MLflow: one run, with a nested run per trial."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlflow

from training.data.dataset import Dataset
from training.data.splits import fold_warnings, grouped_folds
from training.data.training_data import TrainingData
from training.learning.estimators.fitting import FitSettings
from training.learning.registry import tracking
from training.learning.search.studies import copy_study, optuna_url
from training.learning.search.tune import SearchResult, SearchSettings, TrialRecord, optimize
from training.params import TrainingParams
from training.runtime.progress_bar import progress_bar
from training.words import counted


@dataclass(frozen=True)
class SearchOutcome:
    """The outcome of a search.

    Attributes:
        hyperparameters: The best hyperparameters.
        summary: A sentence for the person who trains.
    """

    hyperparameters: dict[str, Any]
    summary: str


def search_hyperparameters(
    training_data: TrainingData,
    data: Dataset,
    settings: FitSettings,
    params: TrainingParams,
    say: Callable[[str], None],
) -> SearchOutcome:
    """Search on the training recordings only; resumes a search that was stopped.

    Args:
        training_data: The table and its split.
        data: The rows to search on, none of them held out.
        settings: Which model, and the hyperparameters to start from.
        params: How to search, and where results go.
        say: Called with each line for the person at the terminal.

    Raises:
        TrainingError: The storage cannot be used, or the search failed.
    """
    how, runs = params.model_training, params.tracking
    folds = grouped_folds(data, how.folds, how.seed)
    for warning in fold_warnings(data, how.folds):
        if warning not in training_data.warnings:
            say(f"Note, without the held-out recordings: {warning}")
    asked = SearchSettings(
        metric=how.score_metric,
        num_trials=how.num_trials,
        pruning=how.pruning,
        processes=how.optimize_processes,
    )
    with (
        tracking.run(runs.optimization_run),
        progress_bar("Searching hyperparameters", how.num_trials) as advance,
    ):
        tracking.log_parameters({"search": asdict(asked), "model": settings.model})

        def show(trial: TrialRecord) -> None:
            advance(1)
            _log_trial(trial, runs.trial_run, how.score_metric)

        result = optimize(data, folds, settings, asked, optuna_url(runs), show)
        mlflow.log_metric(f"best_{how.score_metric}", result.best.value)
        mlflow.set_tag("optuna_study", result.study)
        tracking.log_parameters({"best": result.hyperparameters})
        tracking.log_json([asdict(trial) for trial in result.trials], "optuna_study.json")
        with tempfile.TemporaryDirectory() as folder:
            tracking.log_files([copy_study(optuna_url(runs), result.study, Path(folder))])
    summary = _summary(result, how.score_metric)
    say(summary)
    return SearchOutcome(result.hyperparameters, summary)


def _log_trial(trial: TrialRecord, name: str, metric: str) -> None:
    """Record a trial as a run with its own start and end; a pruned trial is not a failure."""
    ended_s = trial.started_s + trial.duration_s
    with tracking.past_run(f"{name}_{trial.number}", trial.started_s, ended_s):
        tracking.log_parameters(trial.hyperparameters)
        mlflow.log_metrics({metric: trial.value, "duration_s": trial.duration_s})
        mlflow.set_tags({"state": trial.state, "steps": trial.steps, "earlier": trial.earlier})


def _summary(result: SearchResult, metric: str) -> str:
    pruned = sum(trial.state == "pruned" for trial in result.trials)
    return (
        f"{counted(len(result.trials), 'trial')}, {pruned} of them pruned; the best is number "
        f"{result.best.number} with {metric} {result.best.value:.4f} in cross-validation on the "
        "recordings that are not held out."
    )
