"""A file is written only if it reproduces the predictions of its model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xgboost import XGBClassifier

from shared_features.classify.classifier import ModelContract, PoseClassifier
from shared_features.features.spec import FeatureSpec
from shared_features.params import TimelineParams
from tests.training.learning.small_tables import SPEC as SMALL_SPEC
from tests.training.learning.small_tables import small_dataset
from training.errors import ExportError
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.estimators.models import MODEL_MAPPER
from training.learning.export import conversion
from training.learning.export.onnx_file import export_model
from training.learning.export.parity import PARITY_ROWS, PARITY_TOLERANCE, measure_parity
from training.synthetic.poses.table import LABELS, OTHER
from training.synthetic.samples import generate_landmarks

SPEC = FeatureSpec()
QUICK = {"xgb": {"n_estimators": 15}, "random_forest": {"n_estimators": 20}}


@pytest.fixture(scope="module")
def table() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features and codes of generated samples, some values missing."""
    samples = generate_landmarks(600, seed=11)
    features = SPEC.compute(samples.image, samples.world, samples.width / samples.height)
    features[np.random.default_rng(1).random(features.shape) < 0.05] = np.nan
    return features, np.array([LABELS.index(label) for label in samples.labels])


def contract(
    labels: tuple[str, ...] = LABELS, other: str = OTHER, spec: FeatureSpec = SPEC
) -> ModelContract:
    timeline = TimelineParams(
        smoothing_s=0.2, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.5
    )
    return ModelContract(labels, other, spec, timeline, {"seed": 1}, {"macro_f1": 0.5})


def fitted(table: tuple[NDArray[np.float32], NDArray[np.int64]], **settings: Any) -> Any:
    model = XGBClassifier(n_estimators=12, max_depth=4, random_state=1, n_jobs=2, **settings)
    return model.fit(*table)


def quick_model(name: str, n_labels: int = 3) -> tuple[Any, ModelContract, NDArray[np.float32]]:
    """A fitted model, the contract for its file, and its training rows."""
    data = small_dataset(n_labels=n_labels)
    model = fit_model(data, FitSettings(name, seed=1, hyperparameters=QUICK.get(name, {})))
    return model, contract(data.labels, data.labels[-1], SMALL_SPEC), data.features


@pytest.mark.parametrize("n_labels", [2, 3, 6])
@pytest.mark.parametrize("name", MODEL_MAPPER)
def test_every_kind_of_model_passes_the_gate(tmp_path: Path, name: str, n_labels: int) -> None:
    """Rows include missing values and split thresholds, for two labels and for several."""
    path = tmp_path / "model.onnx"
    model, says, sample = quick_model(name, n_labels)
    parity = export_model(model, says, sample, path, seed=3)
    assert parity.rows >= PARITY_ROWS
    assert parity.max_difference <= PARITY_TOLERANCE
    assert parity.differing_labels == 0
    assert np.isnan(sample).any()
    classifier = PoseClassifier(path)
    assert classifier.contract == says
    np.testing.assert_allclose(
        classifier.probabilities(sample), model.predict_proba(sample), atol=PARITY_TOLERANCE
    )


@pytest.mark.parametrize("name", MODEL_MAPPER)
def test_the_same_model_gives_the_same_file(tmp_path: Path, name: str) -> None:
    """Two fits with the same seed give the same bytes."""
    for copy in ("a", "b"):
        model, says, sample = quick_model(name)
        export_model(model, says, sample, tmp_path / copy, seed=3)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_written_file_predicts_like_the_model(
    tmp_path: Path, table: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    """Many rows of real features agree, and no temporary file is left."""
    path = tmp_path / "model.onnx"
    parity = export_model(fitted(table), contract(), table[0], path, seed=3)
    assert parity.rows >= PARITY_ROWS
    assert parity.passed
    assert PoseClassifier(path).contract == contract()
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


def test_the_gate_notices_another_model(
    tmp_path: Path, table: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    """The gate can fail: it compares the file of one model with the predictions of another."""
    path = tmp_path / "model.onnx"
    export_model(fitted(table), contract(), table[0], path, seed=3)
    other = fitted(table, learning_rate=0.05)
    parity = measure_parity(other, PoseClassifier(path), table[0], seed=3)
    assert not parity.passed
    assert parity.differing_labels > 0


def test_a_model_that_converts_wrongly_is_not_written(
    tmp_path: Path, table: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    """Several trees per round convert without an error, but to other predictions."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the model before")
    with pytest.raises(ExportError, match=r"differs from the model|cannot be converted"):
        export_model(fitted(table, num_parallel_tree=3), contract(), table[0], path, seed=3)
    assert path.read_bytes() == b"the model before"
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("name", MODEL_MAPPER)
def test_a_converter_gone_wrong_is_noticed(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Constants that are off by a thousandth do not pass, whatever the kind of model."""
    from onnx import numpy_helper

    right = conversion.to_onnx

    def wrong(model: Any, n_columns: int) -> Any:
        onnx_model = right(model, n_columns)
        for node in onnx_model.graph.node:
            for attribute in node.attribute:
                if attribute.name == "nodes_values":
                    attribute.floats[:] = [value + 0.001 for value in attribute.floats]
        for constant in onnx_model.graph.initializer:
            if constant.name == "mean":
                moved = numpy_helper.to_array(constant) + 0.001
                constant.CopyFrom(numpy_helper.from_array(moved, "mean"))
        return onnx_model

    monkeypatch.setattr("training.learning.export.onnx_file.to_onnx", wrong)
    model, says, sample = quick_model(name)
    with pytest.raises(ExportError, match="differs from the model"):
        export_model(model, says, sample, tmp_path / "model.onnx", seed=3)
    assert not list(tmp_path.iterdir())


class TornModel:
    """Considers two labels equally likely."""

    def __init__(self, difference: float) -> None:
        self.difference = difference

    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.tile([0.5 + self.difference, 0.5], (len(features), 1))


class TippedModel(TornModel):
    """Its file, which prefers the second label by a rounding error."""

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.tile([0.5, np.nextafter(np.float32(0.5), np.float32(1))], (len(features), 1))


@pytest.mark.parametrize(("difference", "passed"), [(0.0, True), (1e-6, True), (2e-5, False)])
def test_a_tie_may_be_broken_either_way(difference: float, passed: bool) -> None:
    """Rounding may decide only if the model considers both labels equally likely."""
    tipped = TippedModel(difference)
    sample = np.zeros((5, 3), dtype=np.float32)
    parity = measure_parity(TornModel(difference), tipped, sample, seed=0)
    assert parity.passed == passed
    assert (parity.differing_labels == 0) == passed


def test_a_model_that_lacks_a_label_is_not_exported(tmp_path: Path) -> None:
    """The message names the label."""
    data = small_dataset()
    model = fit_model(data.rows(data.codes != 1), FitSettings("logistic_regression", seed=1))
    says = contract(data.labels, data.labels[-1], SMALL_SPEC)
    with pytest.raises(ExportError, match=r"has not learned.*pose 1"):
        export_model(model, says, data.features, tmp_path / "model.onnx", seed=3)
    assert not list(tmp_path.iterdir())
