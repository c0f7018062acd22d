"""Only a file that answers like the model it came from is written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xgboost import XGBClassifier

from shared_features.classifier import ModelContract, PoseClassifier
from shared_features.features import FeatureSpec
from shared_features.params import TimelineParams
from training.errors import ExportError
from training.learning.export import PARITY_ROWS, PARITY_TOLERANCE, export_model, measure_parity
from training.synthetic.poses import LABELS, OTHER
from training.synthetic.samples import generate_landmarks

SPEC = FeatureSpec()


@pytest.fixture(scope="module")
def table() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features and codes of generated samples, some values missing."""
    samples = generate_landmarks(600, seed=11)
    features = SPEC.compute(samples.image, samples.world, samples.width / samples.height)
    features[np.random.default_rng(1).random(features.shape) < 0.05] = np.nan
    return features, np.array([LABELS.index(label) for label in samples.labels])


def contract() -> ModelContract:
    timeline = TimelineParams(
        smoothing_s=0.2, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.5
    )
    return ModelContract(LABELS, OTHER, SPEC, timeline, {"seed": 1}, {"macro_f1": 0.5})


def fitted(table: tuple[NDArray[np.float32], NDArray[np.int64]], **settings: Any) -> Any:
    model = XGBClassifier(n_estimators=12, max_depth=4, random_state=1, n_jobs=2, **settings)
    return model.fit(*table)


def test_a_written_file_answers_like_the_model(
    tmp_path: Path, table: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    """Over many rows, on the trees' thresholds and with values missing."""
    path = tmp_path / "model.onnx"
    model = fitted(table)
    parity = export_model(model, contract(), table[0], path, seed=3)
    assert parity.rows >= PARITY_ROWS
    assert parity.max_difference <= PARITY_TOLERANCE
    assert parity.differing_labels == 0
    assert PoseClassifier(path).contract == contract()
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


def test_the_gate_notices_another_model(
    tmp_path: Path, table: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    """The gate can fail: it is shown the file of one model and the answers of another."""
    path = tmp_path / "model.onnx"
    export_model(fitted(table), contract(), table[0], path, seed=3)
    other = fitted(table, learning_rate=0.05)
    parity = measure_parity(other, PoseClassifier(path), table[0], seed=3)
    assert not parity.passed
    assert parity.differing_labels > 0


def test_a_model_that_converts_wrongly_is_not_written(
    tmp_path: Path, table: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    """Several trees per round convert without complaint, to other answers."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the model before")
    with pytest.raises(ExportError, match=r"differs from the model|cannot be converted"):
        export_model(fitted(table, num_parallel_tree=3), contract(), table[0], path, seed=3)
    assert path.read_bytes() == b"the model before"
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
