"""A trained XGBoost model to the self-describing ONNX file, through a gate.

Some XGBoost models convert silently wrong (random forests, for one), so a file is only written when
it answers like the model it came from, on many rows and on the values where trees turn.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.atomic import written_whole
from shared_features.classifier import (
    CONTRACT_KEY,
    INPUT_NAME,
    PROBABILITIES_NAME,
    ModelContract,
    PoseClassifier,
)
from training.errors import ExportError

# The highest opset that the XGBoost converter writes.
_OPSET = 15
PARITY_ROWS = 10_000
PARITY_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Parity:
    """How far apart a model and its ONNX file are.

    Attributes:
        rows: number of rows compared.
        max_difference: largest difference of a probability.
        differing_labels: number of rows whose likeliest label is another.
    """

    rows: int
    max_difference: float
    differing_labels: int

    @property
    def passed(self) -> bool:
        """Whether the file may be used in the model's place."""
        return self.max_difference <= PARITY_TOLERANCE and self.differing_labels == 0


def export_model(
    model: Any, contract: ModelContract, sample: NDArray[np.float32], path: Path, seed: int
) -> Parity:
    """Write the model as an ONNX file with its contract inside; whole or not at all.

    Args:
        model: a fitted ``xgboost.XGBClassifier`` with classes 0 … labels − 1.
        contract: what the file says about itself.
        sample: ``(n, columns)`` rows like those it was trained on, for the parity gate.
        path: where the file goes.
        seed: of the rows that the gate makes up.

    Raises:
        ExportError: the converted model answers differently, or cannot be converted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        temporary.write_bytes(_to_onnx(model, contract))
        parity = measure_parity(model, PoseClassifier(temporary), sample, seed)
        if not parity.passed:
            raise ExportError(
                f"The ONNX file differs from the model: probabilities by up to "
                f"{parity.max_difference:.1e} (allowed {PARITY_TOLERANCE:.0e}), "
                f"{parity.differing_labels} of {parity.rows} rows get another label. Nothing was "
                "written. Random-forest boosters and num_parallel_tree > 1 do not convert."
            )
    return parity


def measure_parity(
    model: Any, classifier: PoseClassifier, sample: NDArray[np.float32], seed: int
) -> Parity:
    """Compare a model with its file on at least ``PARITY_ROWS`` rows.

    The rows are drawn from the sample, a third with values replaced by thresholds of the trees
    (where "less than" and "less or equal" part) and a third with values missing.
    """
    rows = _parity_rows(model, sample, seed)
    expected = model.predict_proba(rows)
    found = classifier.probabilities(rows)
    return Parity(
        rows=len(rows),
        max_difference=float(np.abs(expected - found).max()),
        differing_labels=int((expected.argmax(axis=1) != found.argmax(axis=1)).sum()),
    )


def _parity_rows(model: Any, sample: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    n_rows = max(PARITY_ROWS, len(sample))
    rows = sample[random.integers(len(sample), size=n_rows)].copy()
    third = n_rows // 3
    for column, thresholds in _thresholds(model).items():
        edge = random.random(third) < 0.3
        rows[:third, column][edge] = random.choice(thresholds, size=int(edge.sum()))
    missing = random.random((third, rows.shape[1])) < 0.3
    missing[:, 0] = False  # a row without any value is a frame without a person
    rows[third : 2 * third][missing] = np.nan
    known = ~np.isnan(rows).all(axis=1)
    return rows[known]


def _thresholds(model: Any) -> dict[int, NDArray[np.float32]]:
    """The values at which the trees turn, by column."""
    thresholds: dict[int, set[float]] = {}
    for tree in model.get_booster().get_dump(dump_format="text"):
        for condition in tree.split("[")[1:]:
            feature, _, value = condition.split("]")[0].partition("<")
            thresholds.setdefault(int(feature.removeprefix("f")), set()).add(float(value))
    return {
        column: np.array(sorted(values), dtype=np.float32) for column, values in thresholds.items()
    }


def _to_onnx(model: Any, contract: ModelContract) -> bytes:
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    n_columns = len(contract.features.columns)
    booster = model.get_booster()
    # The converter only understands names of the form f0, f1, …
    booster.feature_names = None
    try:
        onnx_model = convert_xgboost(
            model,
            name=CONTRACT_KEY,  # else a random one, and no two files are the same
            initial_types=[(INPUT_NAME, FloatTensorType([None, n_columns]))],
            target_opset=_OPSET,
        )
    except (RuntimeError, ValueError, NotImplementedError) as error:
        raise ExportError(f"This XGBoost model cannot be converted to ONNX: {error}") from error
    names = [output.name for output in onnx_model.graph.output]
    if PROBABILITIES_NAME not in names:
        raise ExportError(f"The converted model gives {names}, expected {PROBABILITIES_NAME!r}.")
    entry = onnx_model.metadata_props.add()
    entry.key, entry.value = CONTRACT_KEY, contract.to_json()
    content: bytes = onnx_model.SerializeToString()
    return content
