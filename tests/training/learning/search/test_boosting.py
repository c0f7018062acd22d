"""The number of rounds is chosen on recordings that were not learned from."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.learning.small_tables import small_dataset, small_folds
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.evaluation.scores import score
from training.learning.search.boosting import (
    PATIENCE_ROUNDS,
    ROUNDS,
    boosted_curve,
    with_best_rounds,
)

SETTINGS = FitSettings("xgb", seed=1, hyperparameters={"learning_rate": 0.3})


def test_a_curve_ends_when_it_no_longer_rises() -> None:
    """It is followed for ``PATIENCE_ROUNDS`` beyond its best round."""
    data = small_dataset()
    reported: list[tuple[int, float]] = []
    curve = boosted_curve(
        data, small_folds(data), SETTINGS, "f1_macro", lambda *step: reported.append(step)
    )
    assert reported == list(enumerate(curve.scores, start=1))
    assert len(curve.scores) == curve.best_rounds + PATIENCE_ROUNDS
    assert curve.log_losses[curve.best_rounds - 1] < min(curve.log_losses) * 1.006


@pytest.mark.parametrize("n_labels", [2, 3])
def test_the_curve_is_that_of_models_fitted_one_by_one(n_labels: int) -> None:
    """Folds fitted separately, with as many rounds, score about the same."""
    data = small_dataset(n_labels=n_labels)
    folds = small_folds(data)
    settings = replace(SETTINGS, hyperparameters={ROUNDS: 12, "subsample": 1.0})
    truth = np.concatenate([data.codes[fold.test] for fold in folds])
    predictions = [
        fit_model(data.rows(fold.train), settings).predict_proba(data.features[fold.test])
        for fold in folds
    ]
    expected = score("log_loss", truth, np.concatenate(predictions), n_labels)
    curve = boosted_curve(data, folds, settings, "log_loss")
    assert len(curve.scores) == 12
    assert curve.scores[-1] == pytest.approx(expected, abs=0.03)


def test_row_weights_replace_class_weights_in_training_and_score() -> None:
    """The curve is that of the same rows, weighted, in both training and scoring."""
    data = small_dataset()
    (fold, *_) = small_folds(data)
    settings = replace(SETTINGS, hyperparameters={ROUNDS: 12, "subsample": 1.0})
    weights = np.where(data.codes == 0, 5.0, 0.5)
    model = fit_model(data.rows(fold.train), settings, weights[fold.train])
    expected = score(
        "log_loss",
        data.codes[fold.test],
        model.predict_proba(data.features[fold.test]),
        len(data.labels),
        weights[fold.test],
    )
    curve = boosted_curve(data, [fold], settings, "log_loss", weights=weights)
    assert curve.scores[-1] == pytest.approx(expected, abs=0.03)
    assert curve.scores != boosted_curve(data, [fold], settings, "log_loss").scores


def test_patience_ends_a_curve_sooner() -> None:
    """It is followed for ``patience_rounds`` beyond its best round."""
    data = small_dataset()
    curve = boosted_curve(data, small_folds(data), SETTINGS, "f1_macro", patience_rounds=3)
    assert len(curve.scores) == curve.best_rounds + 3


def test_rounds_are_settled_unless_they_are_given() -> None:
    """A number set by hand is kept, and models without rounds are unchanged."""
    data = small_dataset()
    folds = small_folds(data)
    found, curve = with_best_rounds(data, folds, SETTINGS)
    assert curve is not None
    assert found.hyperparameters[ROUNDS] == curve.best_rounds
    assert 1 <= found.hyperparameters[ROUNDS] < 100
    assert found.hyperparameters["learning_rate"] == 0.3
    by_hand = replace(SETTINGS, hyperparameters={ROUNDS: 5})
    assert with_best_rounds(data, folds, by_hand) == (by_hand, None)
    other = replace(SETTINGS, model="svm_rbf", hyperparameters={})
    assert with_best_rounds(data, folds, other) == (other, None)


def test_an_impossible_value_is_a_message() -> None:
    """The message contains XGBoost's reason."""
    data = small_dataset()
    settings = replace(SETTINGS, hyperparameters={"max_depth": -2})
    with pytest.raises(TrainingError, match="max_depth"):
        boosted_curve(data, small_folds(data), settings, "f1_macro")


def test_a_label_that_a_fold_does_not_learn_is_no_obstacle() -> None:
    """Its only recording is tested by models that have never seen it, and counts as missed."""
    data = small_dataset()
    rare = data.codes == 2
    data = data.rows(~rare | (data.groups == data.groups[rare][0]))
    folds = small_folds(data)
    curve = boosted_curve(data, folds, SETTINGS, "f1_macro")
    assert 0.3 < curve.best_score < 0.7
    # It says nothing about the number of rounds: the loss is that of the other rows alone.
    truth = np.concatenate([data.codes[fold.test] for fold in folds])
    learned = truth != 2
    assert not curve.probabilities[~learned, 2].any()
    expected = -score("log_loss", truth[learned], curve.probabilities[learned], 3)
    assert curve.log_losses[curve.best_rounds - 1] == pytest.approx(expected, abs=0.02)
