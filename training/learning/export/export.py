"""A trained model to the self-describing ONNX file, through a gate.

Some models convert silently wrong (boosted random forests, for one), so a file is only written when
it answers like the model it came from, on many rows and on the values where trees turn.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import CONTRACT_KEY, ModelContract, PoseClassifier
from shared_features.errors import ClassifierError
from shared_features.runtime.atomic import atomic_write
from training.errors import ExportError
from training.learning.estimators.fitting import PartialModel
from training.learning.export.conversion import to_onnx

PARITY_ROWS = 10_000
PARITY_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Parity:
    """How far apart a model and its ONNX file are.

    Attributes:
        rows: number of rows compared.
        max_difference: largest difference of a probability.
        differing_labels: number of rows that the file gives a label which the model holds for less
            likely than its own by more than ``PARITY_TOLERANCE``. Where the model itself is torn
            between two labels (the trees of a forest often split evenly), either is right.
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

    The same model and contract give the same bytes.

    Args:
        model: fitted by ``training.learning.fitting``, or an ``xgboost.XGBClassifier``; its classes
            are 0 … labels − 1.
        contract: what the file says about itself.
        sample: ``(n, columns)`` rows like those it was trained on, for the parity gate.
        path: where the file goes.
        seed: of the rows that the gate makes up.

    Raises:
        ExportError: the converted model answers differently, cannot be converted, or the model has
            not learned every label.
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

    The rows are drawn from the sample, a third with values replaced by thresholds of the trees, if
    it has any (where "less than" and "less or equal" part), and a third with values missing.
    """
    rows = _parity_rows(model, sample, seed)
    expected = model.predict_proba(rows)
    found = classifier.probabilities(rows)
    of_found_label = np.take_along_axis(expected, found.argmax(axis=1)[:, np.newaxis], axis=1)
    behind = expected.max(axis=1) - of_found_label[:, 0]
    return Parity(
        rows=len(rows),
        max_difference=float(np.abs(expected - found).max()),
        differing_labels=int((behind > PARITY_TOLERANCE).sum()),
    )


def _require_all_labels(model: Any, contract: ModelContract) -> None:
    missing: list[str] = []
    if isinstance(model, PartialModel):
        missing = [
            label for code, label in enumerate(contract.labels) if code not in model.seen.tolist()
        ]
    if missing:
        raise ExportError(
            f"The model has not learned {missing}: no row of these labels was among those it was "
            "trained on. Label recordings of them, or take them out of `labels.poses` in "
            "params.yaml."
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
    """The values at which the trees turn, by column; none for a model without trees."""
    thresholds: dict[int, set[float]] = {}
    if hasattr(model, "get_booster"):
        for tree in model.get_booster().get_dump(dump_format="text"):
            for condition in tree.split("[")[1:]:
                feature, _, value = condition.split("]")[0].partition("<")
                thresholds.setdefault(int(feature.removeprefix("f")), set()).add(float(value))
    elif hasattr(model, "steps"):
        for decision_tree in getattr(model[-1], "estimators_", ()):
            tree = decision_tree.tree_
            inner = tree.feature >= 0
            for column, value in zip(tree.feature[inner], tree.threshold[inner], strict=True):
                thresholds.setdefault(int(column), set()).add(float(value))
    return {
        column: np.array(sorted(values), dtype=np.float32) for column, values in thresholds.items()
    }
