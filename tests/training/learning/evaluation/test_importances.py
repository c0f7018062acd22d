"""Importances point to the features that a model uses."""

import numpy as np
import pytest

from tests.training.learning.small_tables import small_dataset
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.evaluation.importances import feature_importances


@pytest.mark.parametrize(
    ("model", "hyperparameters", "measure"),
    [
        ("xgb", {"n_estimators": 10}, "gain"),
        ("random_forest", {"n_estimators": 10}, "gain"),
        ("logistic_regression", {}, "log loss"),
    ],
)
def test_a_feature_that_gives_the_label_away_is_the_most_important(
    model: str, hyperparameters: dict[str, int], measure: str
) -> None:
    """Whatever the kind of model, and the measure says how it was computed."""
    data = small_dataset(180)
    data.features[:, 1:] = np.random.default_rng(0).normal(size=data.features[:, 1:].shape)
    data.features[:, 0] = data.codes
    fitted = fit_model(data, FitSettings(model, 1, hyperparameters=hyperparameters))
    importances, how = feature_importances(fitted, data, seed=1)
    assert list(importances) == list(data.columns)
    assert max(importances, key=lambda name: importances[name]) == data.columns[0]
    assert measure in how.lower()
