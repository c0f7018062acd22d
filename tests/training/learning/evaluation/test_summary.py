"""Evaluations agree with scikit-learn; figures and label suspects follow from them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.summary import calibration_error, evaluate
from training.learning.label_issues import find_suspects
from training.learning.reports.plots import evaluation_figures, save_figures


def random_predictions(
    seed: int, n: int = 300, n_labels: int = 4, right: float = 0.7
) -> Predictions:
    """Predictions that are right more often than not."""
    random = np.random.default_rng(seed)
    truth = random.integers(n_labels, size=n)
    probabilities = random.dirichlet(np.ones(n_labels), size=n)
    sure = random.random(n) < right
    probabilities[sure] = 0.2 * probabilities[sure] + 0.8 * np.eye(n_labels)[truth[sure]]
    return Predictions(
        tuple(f"pose {code}" for code in range(n_labels)),
        truth,
        probabilities,
        np.array([f"video_{row // 30}.mp4" for row in range(n)]),
        np.arange(n) % 30,
    )


@given(st.integers(0, 2**32 - 1))
def test_scores_are_those_of_scikit_learn(seed: int) -> None:
    """Macro averages and overall scores are the same."""
    predictions = random_predictions(seed)
    evaluation = evaluate(predictions)
    truth, found = predictions.truth, predictions.predicted
    assert evaluation.accuracy == pytest.approx(metrics.accuracy_score(truth, found))
    assert evaluation.f1_macro == pytest.approx(metrics.f1_score(truth, found, average="macro"))
    assert evaluation.log_loss == pytest.approx(
        metrics.log_loss(truth, predictions.probabilities, labels=range(4)), rel=1e-3
    )
    assert evaluation.recordings == 10
    assert evaluation.confusion.sum() == evaluation.frames == len(predictions)


def test_a_label_without_a_frame_is_left_out_of_the_means() -> None:
    """A pose that does not occur affects no average."""
    predictions = random_predictions(0, n_labels=3, right=1.0)
    more = Predictions(
        (*predictions.labels, "never done"),
        predictions.truth,
        np.hstack([predictions.probabilities, np.zeros((len(predictions), 1))]),
        predictions.filenames,
        predictions.frame_numbers,
    )
    assert evaluate(more).f1_macro == pytest.approx(evaluate(predictions).f1_macro)
    assert np.isnan(evaluate(more).per_label[-1].roc_auc)


@pytest.mark.parametrize(("share_right", "expected"), [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)])
def test_calibration_error_is_the_gap_between_confidence_and_accuracy(
    share_right: float, expected: float
) -> None:
    """Fully confident predictions that are right half of the time have an error of one half."""
    n = 100
    truth = (np.arange(n) >= share_right * n).astype(np.int64)
    predictions = Predictions(
        ("a", "b"),
        truth,
        np.tile([1.0, 0.0], (n, 1)),
        np.full(n, "video_x.mp4"),
        np.arange(n),
    )
    assert calibration_error(predictions) == pytest.approx(expected)


def test_everything_can_be_drawn_even_when_a_label_is_missing(tmp_path: Path) -> None:
    """Every figure is written and not empty."""
    predictions = random_predictions(1)
    only_some = Predictions(
        predictions.labels,
        np.minimum(predictions.truth, 1),
        predictions.probabilities,
        predictions.filenames,
        predictions.frame_numbers,
    )
    figures = evaluation_figures(only_some, evaluate(only_some))
    paths = save_figures(figures, tmp_path)
    assert len(paths) == 4
    assert all(path.stat().st_size > 5_000 for path in paths)


def test_planted_wrong_labels_are_the_first_suspects() -> None:
    """Labels that every model disagrees with come first; a stretch of a video is one suspect."""
    predictions = random_predictions(2, n=600, right=1.0)
    truth = predictions.truth.copy()
    truth[100:110] = (predictions.truth[100] + 1) % 4
    probabilities = predictions.probabilities.copy()
    probabilities[100:110] = 0.9 * np.eye(4)[predictions.truth[100]] + 0.025
    truth[400] = (truth[400] + 1) % 4
    suspects = find_suspects(
        Predictions(
            predictions.labels,
            truth,
            probabilities,
            predictions.filenames,
            predictions.frame_numbers,
        ),
        at_most=10,
    )
    found = {(s.filename, s.first, s.last) for s in suspects[:2]}
    assert found == {("video_3.mp4", 10, 19), ("video_13.mp4", 10, 10)}
