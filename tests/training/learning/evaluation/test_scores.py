"""Scores agree with scikit-learn's, whatever the answers are."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from training.learning.evaluation.scores import confusion_matrix, per_label, score

N_LABELS = 4


def answers(seed: int, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(N_LABELS, 0.5), size=n_rows)
    return random.integers(0, random.integers(1, N_LABELS + 1), n_rows), probabilities


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_scores_are_those_of_scikit_learn(seed: int, n_rows: int) -> None:
    """Means are over the labels that occur in the truth."""
    truth, probabilities = answers(seed, n_rows)
    found, occurring = probabilities.argmax(axis=1), np.unique(truth)
    expected = {
        "accuracy": metrics.accuracy_score(truth, found),
        "f1_macro": metrics.f1_score(
            truth, found, labels=occurring, average="macro", zero_division=0.0
        ),
        "balanced_accuracy": metrics.recall_score(truth, found, labels=occurring, average="macro"),
        "log_loss": -metrics.log_loss(
            truth, np.maximum(probabilities, 1e-7), labels=range(N_LABELS)
        )
        if probabilities.min() > 1e-6
        else None,
    }
    for metric, value in expected.items():
        if value is not None:
            assert score(metric, truth, probabilities, N_LABELS) == pytest.approx(value, abs=1e-6)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_the_counts_of_a_label_cover_every_row(seed: int, n_rows: int) -> None:
    """Each row is one of true or false, positive or negative, for each label."""
    truth, probabilities = answers(seed, n_rows)
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


def test_an_impossible_answer_costs_much_but_not_everything() -> None:
    """A probability of 0 for the truth has a finite logarithm."""
    assert -20 < score("log_loss", np.array([1]), np.array([[1.0, 0.0]]), 2) < -10
