"""Fitting is reproducible, balances labels and calibrates on rows it has not learned from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.training.learning.small_tables import small_dataset
from training.data.dataset import Dataset
from training.errors import DatasetError
from training.learning.estimators.fitting import (
    FitSettings,
    PartialModel,
    calibration_splits,
    fit_model,
    sample_weights,
)
from training.learning.estimators.models import MODEL_MAPPER

QUICK = {"xgb": {"n_estimators": 10}, "random_forest": {"n_estimators": 15}}


@given(arrays.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 4)))
def test_balanced_labels_weigh_the_same(codes: np.ndarray) -> None:
    """Each label that occurs has the same weight in all, and a row weighs 1 on average."""
    weights = sample_weights(codes, "balanced")
    assert weights is not None
    sums = np.bincount(codes, weights)[np.unique(codes)]
    np.testing.assert_allclose(sums, len(codes) / len(sums))
    assert sample_weights(codes, "none") is None


def unbalanced(n_rare_groups: int) -> Dataset:
    """One label of three is rare."""
    data = small_dataset()
    rare = np.unique(data.groups[data.codes == 2])
    return data.rows((data.codes != 2) | np.isin(data.groups, rare[:n_rare_groups]))


@pytest.mark.parametrize("model", MODEL_MAPPER)
def test_weights_reach_every_model(model: str) -> None:
    """A rare label is found more often if it has as much weight as the others."""
    data, everything = unbalanced(2), small_dataset()
    found = {}
    for class_weights in ("none", "balanced"):
        settings = FitSettings(model, 1, class_weights, QUICK.get(model, {}))
        predicted = fit_model(data, settings).predict_proba(everything.features)
        found[class_weights] = predicted[everything.codes == 2, 2].mean()
    assert found["balanced"] > found["none"]


@pytest.mark.parametrize("model", MODEL_MAPPER)
def test_the_same_seed_gives_the_same_predictions(model: str) -> None:
    """They are the same bit for bit, whatever the number of threads."""
    data = small_dataset()
    predictions = [
        fit_model(data, FitSettings(model, 7, "balanced", QUICK.get(model, {}))).predict_proba(
            data.features
        )
        for _ in range(2)
    ]
    assert predictions[0].tobytes() == predictions[1].tobytes()


@pytest.mark.parametrize("n_rare_groups", [2, 3, 20])
def test_calibration_never_separates_a_group(n_rare_groups: int) -> None:
    """Every split trains on every label, and every row is tested exactly once."""
    data = unbalanced(n_rare_groups)
    splits = calibration_splits(data.codes, data.groups, seed=3)
    for train, test in splits:
        assert not set(data.groups[train]) & set(data.groups[test])
        assert set(data.codes[train]) == {0, 1, 2}
    tested = np.concatenate([test for _, test in splits])
    assert sorted(tested) == list(range(len(data)))


def test_a_label_of_one_group_is_calibrated_by_rows() -> None:
    """Groups cannot be kept together then, but the model learns all labels."""
    data = unbalanced(1)
    for train, _ in calibration_splits(data.codes, data.groups, seed=3):
        assert set(data.codes[train]) == {0, 1, 2}
    model = fit_model(data, FitSettings("svm_rbf", seed=1))
    assert model.predict_proba(data.features).shape == (len(data), 3)


@pytest.mark.parametrize("model", MODEL_MAPPER)
def test_labels_without_rows_are_never_answered(model: str) -> None:
    """This happens in a fold that tests the only recording of a label."""
    data = small_dataset(n_labels=4)
    learned = data.rows(data.codes != 1)
    fitted = fit_model(learned, FitSettings(model, 1, hyperparameters=QUICK.get(model, {})))
    predictions = fitted.predict_proba(data.features)
    assert isinstance(fitted, PartialModel)
    assert predictions.shape == (len(data), 4)
    assert (predictions[:, 1] == 0).all()
    np.testing.assert_allclose(predictions.sum(axis=1), 1, atol=1e-5)


def test_a_single_label_is_nothing_to_learn() -> None:
    """There is nothing to tell it apart from."""
    data = small_dataset()
    with pytest.raises(DatasetError, match="with 1 were given\\."):
        fit_model(data.rows(data.codes == 0), FitSettings("xgb", seed=1))
