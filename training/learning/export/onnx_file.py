"""Writes a trained model to a self-describing ONNX file, if the file passes the parity gate.

Some models convert silently wrong (boosted random forests, for one), so a file is only written if
it reproduces the model's predictions on many rows, including values exactly at split thresholds.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import CONTRACT_KEY, ModelContract, PoseClassifier
from shared_features.errors import ClassifierError
from shared_features.runtime.atomic import atomic_write
from training.errors import ExportError
from training.learning.estimators.fitting import PartialModel
from training.learning.evaluation.calibration import CalibratedModel
from training.learning.export.conversion import to_onnx
from training.learning.export.parity import PARITY_TOLERANCE, Parity, measure_parity


def export_model(
    model: Any, contract: ModelContract, sample: NDArray[np.float32], path: Path, seed: int
) -> Parity:
    """Write the model to an ONNX file with its contract inside, atomically.

    The same model and contract give the same bytes.

    Args:
        model: A model fitted by ``estimators.fitting``, calibrated or not; its classes are
            0 … labels − 1.
        contract: The file's description of itself.
        sample: ``(n, columns)`` rows like those it was trained on, for the parity gate.
        path: Path of the file.
        seed: Seed for the rows that the parity gate draws.

    Raises:
        ExportError: The model cannot be converted, its file predicts something else, or it has not
            learned every label.
    """
    _require_all_labels(model, contract)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        onnx_model = to_onnx(model, len(contract.features.columns))
        entry = onnx_model.metadata_props.add()
        entry.key, entry.value = CONTRACT_KEY, contract.to_json()
        temporary.write_bytes(onnx_model.SerializeToString())
        try:
            classifier = PoseClassifier(temporary)
        except ClassifierError as error:
            raise ExportError(f"The converted model cannot be used. {error}") from error
        parity = measure_parity(model, classifier, sample, seed)
        if not parity.passed:
            raise ExportError(
                "The ONNX file differs from the model: its probabilities are off by up to "
                f"{parity.max_difference:.1e} (allowed {PARITY_TOLERANCE:.0e}), and "
                f"{parity.differing_labels} of {parity.rows} rows get another label. Nothing was "
                "written. Random-forest boosters and num_parallel_tree > 1 do not convert."
            )
    return parity


def _require_all_labels(model: Any, contract: ModelContract) -> None:
    missing: list[str] = []
    model = model.estimator if isinstance(model, CalibratedModel) else model
    if isinstance(model, PartialModel):
        missing = [
            label for code, label in enumerate(contract.labels) if code not in model.seen.tolist()
        ]
    if missing:
        raise ExportError(
            f"The model has not learned {missing}: it was trained on no row with these labels. "
            "Label recordings of them, or remove them from `labels.poses` in params.yaml."
        )
