"""Corrected probabilities say how often the answer is right, also in the model file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.classify.classifier import ModelContract, PoseClassifier
from shared_features.params import TimelineParams
from tests.training.learning.small_tables import SPEC, small_dataset, small_folds
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.estimators.models import MODEL_MAPPER
from training.learning.evaluation.calibration import (
    CalibratedModel,
    Calibration,
    fit_calibration,
)
from training.learning.evaluation.out_of_fold import predict_out_of_fold
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.summary import calibration_error
from training.learning.export.onnx_file import export_model

QUICK = {"xgb": {"n_estimators": 15}, "random_forest": {"n_estimators": 20}}


def drawn(
    true: NDArray[np.float64], said: NDArray[np.float64], seed: int, recordings: int = 50
) -> Predictions:
    """Rows whose labels are drawn from their true probabilities, and what a model said."""
    random = np.random.default_rng(seed)
    truth = (random.random(len(true))[:, None] > true.cumsum(axis=1)).sum(axis=1)
    names = (np.arange(len(true)) % recordings).astype(np.str_)
    labels = tuple(f"pose {code}" for code in range(true.shape[1]))
    return Predictions(labels, truth.astype(np.int64), said, names, np.arange(len(true)))


def corrected(predictions: Predictions, calibration: Calibration) -> Predictions:
    return Predictions(
        predictions.labels,
        predictions.truth,
        calibration.apply(predictions.probabilities),
        predictions.filenames,
        predictions.frame_numbers,
    )


@pytest.mark.parametrize("certainty", [0.3, 0.6, 1.0, 1.8, 2.5])
@pytest.mark.parametrize("n_labels", [2, 5])
def test_too_sure_and_not_sure_enough(certainty: float, n_labels: int) -> None:
    """Whatever a model's certainty, afterwards it is right as often as it says, on other rows."""
    random = np.random.default_rng(n_labels)
    true = random.dirichlet(np.full(n_labels, 0.5), size=6000)
    said = np.maximum(true, 1e-9) ** certainty
    said /= said.sum(axis=1, keepdims=True)
    calibration = fit_calibration(drawn(true[:3000], said[:3000], 1))
    before, after = (
        calibration_error(predictions)
        for predictions in (
            drawn(true[3000:], said[3000:], 2),
            corrected(drawn(true[3000:], said[3000:], 2), calibration),
        )
    )
    assert after < 0.03
    assert after < before + 0.01
    assert calibration.slope == pytest.approx(1 / certainty, rel=0.25)


def test_a_label_that_is_said_too_often() -> None:
    """Its shift is below that of the others, so that it is predicted less often."""
    random = np.random.default_rng(0)
    true = random.dirichlet(np.ones(3), size=4000)
    said = true * np.array([1.0, 1.0, 6.0])
    said /= said.sum(axis=1, keepdims=True)
    calibration = fit_calibration(drawn(true, said, 1))
    assert calibration.shifts[2] < min(calibration.shifts[:2]) - 1
    assert calibration_error(corrected(drawn(true, said, 2), calibration)) < 0.03


def test_few_recordings_do_not_move_labels_far() -> None:
    """Two recordings that say the same wrong thing are two observations, not a thousand."""
    said = np.tile([0.9, 0.1], (1000, 1))
    truth = np.ones(1000, dtype=np.int64)
    rows = np.arange(1000)
    shifts = [
        fit_calibration(Predictions(("a", "b"), truth, said, names.astype(np.str_), rows)).shifts
        for names in (rows % 2, rows)
    ]
    assert abs(shifts[0][0]) < abs(shifts[1][0])


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.integers(2, 7))
def test_a_correction_keeps_probabilities_and_their_order(
    seed: int, slope: float, n_labels: int
) -> None:
    """Every row still adds up to 1, and without shifts the likeliest label is the same."""
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(n_labels), size=50)
    after = Calibration(slope, (0.0,) * n_labels).apply(probabilities)
    np.testing.assert_allclose(after.sum(axis=1), 1)
    assert (after.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_nothing_to_learn_from_corrects_nothing() -> None:
    """Without a row, probabilities stay as they are."""
    none = drawn(np.ones((0, 2)), np.ones((0, 2)), 1)
    calibration = fit_calibration(none)
    np.testing.assert_allclose(calibration.apply(np.array([[0.3, 0.7]])), [[0.3, 0.7]])
    assert np.isnan(calibration.apply(np.full((1, 2), np.nan))).all()


@pytest.mark.parametrize("n_labels", [2, 3])
@pytest.mark.parametrize("name", MODEL_MAPPER)
def test_the_file_of_every_kind_of_model_holds_its_calibration(
    tmp_path: Path, name: str, n_labels: int
) -> None:
    """Serving reads corrected probabilities from the file, within the tolerance of the gate."""
    data = small_dataset(n_labels=n_labels)
    settings = FitSettings(name, seed=1, hyperparameters=QUICK.get(name, {}))
    out_of_fold = predict_out_of_fold(data, small_folds(data), settings, "key", lambda _: None)
    calibration = fit_calibration(out_of_fold.predictions.rows(out_of_fold.learned))
    estimator = fit_model(data, settings)
    model = CalibratedModel(estimator, calibration)
    timeline = TimelineParams(
        smoothing_s=0.2, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.5
    )
    said = {"calibration": calibration.to_dict()}
    contract = ModelContract(data.labels, data.labels[-1], SPEC, timeline, said, {})
    parity = export_model(model, contract, data.features, tmp_path / "m.onnx", seed=3)
    assert parity.passed
    served = PoseClassifier(tmp_path / "m.onnx").probabilities(data.features)
    expected = calibration.apply(estimator.predict_proba(data.features))
    np.testing.assert_allclose(served, expected, atol=1e-5)
    assert not np.allclose(served, estimator.predict_proba(data.features), atol=1e-3)


def test_labels_that_a_fold_has_not_learned_are_known() -> None:
    """A label in one recording only is not learned where it is tested."""
    data = small_dataset(n_labels=3)
    alone = data.codes == 2
    first = data.groups[alone][0]
    data = data.rows(~alone | (data.groups == first))
    settings = FitSettings("xgb", seed=1, hyperparameters={"n_estimators": 5})
    out_of_fold = predict_out_of_fold(data, small_folds(data), settings, "key", lambda _: None)
    assert (out_of_fold.learned == (out_of_fold.predictions.truth != 2)).all()
    assert not out_of_fold.learned.all()
