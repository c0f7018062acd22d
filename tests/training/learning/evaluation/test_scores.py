"""Scores agree with scikit-learn's, whatever the predictions are."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from training.learning.evaluation.scores import confusion_matrix, per_label, score

N_LABELS = 4


def predictions(seed: int, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(N_LABELS, 0.5), size=n_rows)
    return random.integers(0, random.integers(1, N_LABELS + 1), n_rows), probabilities


@given(st.integers(0, 2**32), st.integers(1, 40), st.booleans())
def test_scores_are_those_of_scikit_learn(seed: int, n_rows: int, weighted: bool) -> None:
    """Macro averages cover the labels that occur in the truth; rows may have weights."""
    truth, probabilities = predictions(seed, n_rows)
    weights = np.random.default_rng(seed).uniform(0.1, 3, n_rows) if weighted else None
    found, occurring = probabilities.argmax(axis=1), np.unique(truth)
    expected = {
        "accuracy": metrics.accuracy_score(truth, found, sample_weight=weights),
        "f1_macro": metrics.f1_score(
            truth,
            found,
            labels=occurring,
            average="macro",
            zero_division=0.0,
            sample_weight=weights,
        ),
        "balanced_accuracy": metrics.recall_score(
            truth, found, labels=occurring, average="macro", sample_weight=weights
        ),
        "log_loss": -metrics.log_loss(
            truth,
            np.maximum(probabilities, 1e-7),
            labels=range(N_LABELS),
            sample_weight=weights,
        )
        if probabilities.min() > 1e-6
        else None,
    }
    for metric, value in expected.items():
        if value is not None:
            found_score = score(metric, truth, probabilities, N_LABELS, weights)
            assert found_score == pytest.approx(value, abs=1e-6)


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_the_counts_of_a_label_cover_every_row(seed: int, n_rows: int) -> None:
    """For each label, every row is a true or false positive, or a true or false negative."""
    truth, probabilities = predictions(seed, n_rows)
    found = probabilities.argmax(axis=1)
    scores = per_label(truth, found, N_LABELS)
    counts = (
        scores.true_positives
        + scores.true_negatives
        + scores.false_positives
        + scores.false_negatives
    )
    assert (counts == n_rows).all()
    with warnings.catch_warnings():
        # A single label makes scikit-learn warn that the matrix looks odd.
        warnings.simplefilter("ignore", UserWarning)
        expected = metrics.confusion_matrix(truth, found, labels=range(N_LABELS))
    assert (confusion_matrix(truth, found, N_LABELS) == expected).all()


def test_a_probability_of_zero_for_the_truth_has_a_finite_cost() -> None:
    """Probabilities are clipped before their logarithm is taken."""
    assert -20 < score("log_loss", np.array([1]), np.array([[1.0, 0.0]]), 2) < -10
