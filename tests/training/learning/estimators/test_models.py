"""Kinds of models, and checks of their hyperparameters."""

from typing import Any

import pytest

from tests.training.learning.small_tables import small_dataset
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.estimators.models import MODEL_MAPPER, complete, make, model_kind
from training.learning.search.studies import search_distributions


def test_the_default_of_params_is_a_model() -> None:
    """All models named in params.yaml exist."""
    assert list(MODEL_MAPPER) == ["xgb", "svm_rbf", "logistic_regression", "random_forest"]


def test_an_unknown_model_is_named_with_the_nearest() -> None:
    """The message also lists all models."""
    with pytest.raises(TrainingError, match=r"'svm_rfb' \(did you mean 'svm_rbf'\?\).*xgb, svm"):
        model_kind("svm_rfb")


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        ("xgb", {"max_dept": 3}, r"'max_dept' is not known \(did you mean 'max_depth'\?\)"),
        ("svm_rbf", {"c": 3}, r"'c' is not known"),
        ("random_forest", {"min_sample_leaf": 3}, "did you mean 'min_samples_leaf'"),
        ("logistic_regression", {"random_state": 3}, "'random_state' is set by this project"),
        ("svm_rbf", {"kernel": "linear"}, "'kernel' is set by this project"),
        ("xgb", {"max_dept": 3, "objective": "x"}, "max_dept.*; 'objective' is set by"),
    ],
)
def test_unknown_hyperparameters_are_refused(
    model: str, given: dict[str, Any], message: str
) -> None:
    """The message lists all of them, each with the nearest known name."""
    with pytest.raises(TrainingError, match=message):
        make(model, given, seed=1)


@pytest.mark.parametrize("model", MODEL_MAPPER)
def test_the_search_starts_from_the_defaults(model: str) -> None:
    """Every searched hyperparameter has a default that lies in the search space."""
    space = search_distributions(MODEL_MAPPER[model].search_space)
    defaults = complete(model, {})
    assert space.keys() <= defaults.keys()
    for name, distribution in space.items():
        value = defaults[name]
        assert distribution._contains(distribution.to_internal_repr(value)), name


@pytest.mark.parametrize(
    ("model", "given"),
    [
        ("xgb", {"max_depth": -3}),
        ("svm_rbf", {"C": -1.0}),
        ("logistic_regression", {"C": "much"}),
        ("random_forest", {"n_estimators": 0}),
    ],
)
def test_an_impossible_value_is_a_message(model: str, given: dict[str, Any]) -> None:
    """The message has the library's reason, the model and the given hyperparameters."""
    with pytest.raises(TrainingError, match=f"{model} cannot be trained .*{next(iter(given))}"):
        fit_model(small_dataset(90), FitSettings(model, seed=1, hyperparameters=given))
