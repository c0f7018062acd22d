"""Compares several kinds of models on a labelled table by repeated cross-validation."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.runtime.cores import usable_cores
from training.data.splits import Fold
from training.errors import DatasetError
from training.learning.comparison.labelled_table import LabelledTable
from training.learning.estimators.fitting import FitSettings, fit_rows
from training.learning.evaluation.scores import confusion_matrix, per_label, score
from training.runtime.workers import in_processes

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "log_loss",
    "fit_time_s",
)
_MAX_PROCESSES = 8


@dataclass(frozen=True)
class ModelScores:
    """The scores of one kind of model.

    Attributes:
        model: Name of the model.
        scores: ``(folds × repeats,)`` scores by metric.
        confusion: ``(labels, labels)`` counts over all repeats; rows are the truth.
    """

    model: str
    scores: Mapping[str, NDArray[np.float64]]
    confusion: NDArray[np.int64]

    def mean(self, metric: str) -> float:
        """Mean over folds and repeats."""
        return float(self.scores[metric].mean())

    def deviation(self, metric: str) -> float:
        """Standard deviation over folds and repeats."""
        return float(self.scores[metric].std())


@dataclass(frozen=True)
class _FoldScores:
    scores: Mapping[str, float]
    confusion: NDArray[np.int64]


def compare_models(
    table: LabelledTable,
    models: Sequence[FitSettings],
    n_folds: int,
    n_repeats: int,
    processes: int | None = None,
    advance: Callable[[int], None] = lambda steps: None,
) -> list[ModelScores]:
    """Cross-validate every model on the same splits.

    Args:
        table: The table to train and test on.
        models: Which models; the seed of the first one draws the splits.
        n_folds: Number of parts in each cross-validation.
        n_repeats: Number of cross-validations, each with different parts.
        processes: Number of parallel processes; None: one per core. It affects no score, only the
            fit times.
        advance: Called with 1 after each fit.

    Raises:
        DatasetError: A label has too few rows, or groups, to be in every part.
        TrainingError: A model or one of its hyperparameters is unknown, or a process failed.
    """
    splits = repeated_splits(table, n_folds, n_repeats, models[0].seed)
    fits = [(model, split) for model in range(len(models)) for split in range(len(splits))]
    processes = min(processes or usable_cores(), _MAX_PROCESSES)
    results: dict[tuple[int, int], _FoldScores] = {}
    for fit, scores in in_processes(partial(_score_fit, table, splits, models), fits, processes):
        results[fit] = scores
        advance(1)
    return [
        _joined(settings.model, [results[model, split] for split in range(len(splits))])
        for model, settings in enumerate(models)
    ]


def repeated_splits(table: LabelledTable, n_folds: int, n_repeats: int, seed: int) -> list[Fold]:
    """Parts with similar shares of labels; a group, copies included, is in one part only.

    Raises:
        DatasetError: A label has fewer rows, or groups, than there are parts.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    real = np.flatnonzero(~table.augmented)
    _require_enough(table, real, n_folds)
    _, group_numbers = np.unique(table.groups, return_inverse=True)
    splits = []
    for repeat in range(n_repeats):
        kind = StratifiedGroupKFold if table.grouped else StratifiedKFold
        splitter = kind(n_folds, shuffle=True, random_state=seed + repeat)
        groups = group_numbers[real] if table.grouped else None
        for _, tested in splitter.split(real, table.codes[real], groups):
            test = real[tested]
            held_out = np.isin(group_numbers, group_numbers[test])
            splits.append(Fold(np.flatnonzero(~held_out), test))
    return splits


def _require_enough(table: LabelledTable, real: NDArray[np.int64], n_folds: int) -> None:
    what = "groups" if table.grouped else "rows"
    counts = {
        label: len(np.unique(table.groups[real][table.codes[real] == code]))
        for code, label in enumerate(table.labels)
    }
    few = [f"{label!r} ({count})" for label, count in counts.items() if count < n_folds]
    if few:
        raise DatasetError(
            f"Fewer {what} than the {n_folds} folds: {', '.join(few)}. Use fewer folds (--folds), "
            "or a table with more of these labels."
        )


def _score_fit(
    table: LabelledTable,
    splits: Sequence[Fold],
    models: Sequence[FitSettings],
    fit: tuple[int, int],
) -> _FoldScores:
    """Train on the training rows of a split and score the predictions for its test rows."""
    settings, fold = models[fit[0]], splits[fit[1]]
    encoder = table.encoder()
    learned = encoder.fit_transform(table.frame.iloc[fold.train]).astype(np.float32)
    tested = encoder.transform(table.frame.iloc[fold.test]).astype(np.float32)
    start = time.perf_counter()
    model = fit_rows(
        learned, table.codes[fold.train], table.groups[fold.train], len(table.labels), settings
    )
    fit_time_s = time.perf_counter() - start
    probabilities = model.predict_proba(tested)
    return _scored(table.codes[fold.test], probabilities, len(table.labels), fit_time_s)


def _scored(
    truth: NDArray[np.int64],
    probabilities: NDArray[np.floating[Any]],
    n_labels: int,
    fit_time_s: float,
) -> _FoldScores:
    predicted = probabilities.argmax(axis=1)
    labels = per_label(truth, predicted, n_labels)
    occurring = labels.support > 0
    scores = {
        "accuracy": score("accuracy", truth, probabilities, n_labels),
        "balanced_accuracy": score("balanced_accuracy", truth, probabilities, n_labels),
        "macro_precision": float(labels.precision[occurring].mean()),
        "macro_recall": float(labels.recall[occurring].mean()),
        "macro_f1": float(labels.f1[occurring].mean()),
        "log_loss": -score("log_loss", truth, probabilities, n_labels),
        "fit_time_s": fit_time_s,
    }
    return _FoldScores(scores, confusion_matrix(truth, predicted, n_labels))


def _joined(model: str, folds: Sequence[_FoldScores]) -> ModelScores:
    scores = {metric: np.array([fold.scores[metric] for fold in folds]) for metric in METRICS}
    confusion = np.sum([fold.confusion for fold in folds], axis=0)
    return ModelScores(model, scores, confusion)
