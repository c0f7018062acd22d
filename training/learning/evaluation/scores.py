"""How good answers are, as one number to optimise and as three numbers for each label.

Plain numpy: a search scores thousands of rounds, and each must cost next to nothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.params import ScoreMetric

Probabilities = NDArray[np.floating[Any]]

# Probabilities are kept away from 0 by this before their logarithm is taken, as scikit-learn does
# for float32.
_SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)


def score(
    metric: ScoreMetric, truth: NDArray[np.int64], probabilities: Probabilities, n_labels: int
) -> float:
    """One number, the higher the better.

    Args:
        metric: ``log_loss`` is negated; the means of the others are over the labels that occur in
            the truth.
        truth: ``(n,)`` codes.
        probabilities: ``(n, labels)``.
        n_labels: number of labels of the data set.
    """
    if metric == "log_loss":
        chosen = probabilities[np.arange(len(truth)), truth].astype(np.float64)
        total = probabilities.sum(axis=1, dtype=np.float64)
        return float(np.log(np.maximum(chosen / total, _SMALLEST_PROBABILITY)).mean())
    found = probabilities.argmax(axis=1)
    if metric == "accuracy":
        return float((found == truth).mean())
    scores = per_label(truth, found, n_labels)
    occurring = scores.support > 0
    chosen_scores = scores.f1 if metric == "f1_macro" else scores.recall
    return float(chosen_scores[occurring].mean())


class LabelScores:
    """Precision, recall and F1 of each label, ``(labels,)`` each; 0 where nothing can be divided.

    Args:
        confusion: ``(labels, labels)`` counts, rows are the truth.
    """

    def __init__(self, confusion: NDArray[np.int64]) -> None:
        self.true_positives: NDArray[np.int64] = np.diagonal(confusion)
        self.support: NDArray[np.int64] = confusion.sum(axis=1)
        self.false_negatives: NDArray[np.int64] = self.support - self.true_positives
        self.false_positives: NDArray[np.int64] = confusion.sum(axis=0) - self.true_positives
        self.true_negatives: NDArray[np.int64] = (
            confusion.sum() - self.support - self.false_positives
        )
        found = self.true_positives + self.false_positives
        self.precision = _share(self.true_positives, found)
        self.recall = _share(self.true_positives, self.support)
        self.f1 = _share(2 * self.true_positives, found + self.support)


def per_label(truth: NDArray[np.int64], found: NDArray[np.int64], n_labels: int) -> LabelScores:
    """How well each label is told from the others; ``truth`` and ``found`` are ``(n,)`` codes."""
    return LabelScores(confusion_matrix(truth, found, n_labels))


def confusion_matrix(
    truth: NDArray[np.int64], found: NDArray[np.int64], n_labels: int
) -> NDArray[np.int64]:
    """``(labels, labels)`` counts; rows are the truth."""
    counts = np.bincount(truth * n_labels + found, minlength=n_labels * n_labels)
    return counts.reshape(n_labels, n_labels).astype(np.int64)


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
