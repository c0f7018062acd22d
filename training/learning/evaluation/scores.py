"""Scores of predictions: one number to optimise, and precision, recall and F1 for each label.

Plain numpy, because a search scores thousands of rounds and each must cost next to nothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.params import ScoreMetric

Probabilities = NDArray[np.floating[Any]]

# Probabilities are clipped to at least this before their logarithm is taken, as scikit-learn does
# for float32.
_SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)


def score(
    metric: ScoreMetric,
    truth: NDArray[np.int64],
    probabilities: Probabilities,
    n_labels: int,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """One number; higher is better.

    Args:
        metric: Which score. ``log_loss`` is negated; macro averages cover the labels that occur in
            the truth.
        truth: ``(n,)`` codes.
        probabilities: ``(n, labels)``.
        n_labels: Number of labels in the dataset.
        weights: ``(n,)`` weight of each row; None: all equal.
    """
    if metric == "log_loss":
        chosen = probabilities[np.arange(len(truth)), truth].astype(np.float64)
        total = probabilities.sum(axis=1, dtype=np.float64)
        log_probabilities = np.log(np.maximum(chosen / total, _SMALLEST_PROBABILITY))
        return float(np.average(log_probabilities, weights=weights))
    predicted = probabilities.argmax(axis=1)
    if metric == "accuracy":
        return float(np.average(predicted == truth, weights=weights))
    scores = LabelScores(confusion_matrix(truth, predicted, n_labels, weights))
    occurring = scores.support > 0
    chosen_scores = scores.f1 if metric == "f1_macro" else scores.recall
    return float(chosen_scores[occurring].mean())


class LabelScores:
    """Precision, recall and F1 of each label, ``(labels,)`` each; 0 where the divisor is 0.

    Args:
        confusion: ``(labels, labels)`` counts or sums of weights; rows are the truth.
    """

    def __init__(self, confusion: NDArray[Any]) -> None:
        self.true_positives: NDArray[Any] = np.diagonal(confusion)
        self.support: NDArray[Any] = confusion.sum(axis=1)
        self.false_negatives: NDArray[Any] = self.support - self.true_positives
        self.false_positives: NDArray[Any] = confusion.sum(axis=0) - self.true_positives
        self.true_negatives: NDArray[Any] = confusion.sum() - self.support - self.false_positives
        n_predicted = self.true_positives + self.false_positives
        self.precision = _share(self.true_positives, n_predicted)
        self.recall = _share(self.true_positives, self.support)
        self.f1 = _share(2 * self.true_positives, n_predicted + self.support)


def per_label(truth: NDArray[np.int64], predicted: NDArray[np.int64], n_labels: int) -> LabelScores:
    """How well each label is told apart; ``truth`` and ``predicted`` are ``(n,)`` codes."""
    return LabelScores(confusion_matrix(truth, predicted, n_labels))


def confusion_matrix(
    truth: NDArray[np.int64],
    predicted: NDArray[np.int64],
    n_labels: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """``(labels, labels)`` counts, or sums of weights (float64); rows are the truth."""
    counts = np.bincount(truth * n_labels + predicted, weights, minlength=n_labels * n_labels)
    return counts.reshape(n_labels, n_labels)


def _share(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.zeros(len(part))
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
