"""Compares a model with its ONNX file on many rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import PoseClassifier
from training.learning.evaluation.calibration import CalibratedModel

PARITY_ROWS = 10_000
PARITY_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Parity:
    """How closely an ONNX file reproduces its model.

    Attributes:
        rows: Number of rows compared.
        max_difference: Largest difference between two probabilities.
        differing_labels: Number of rows for which the file predicts a label that the model
            considers less likely than its own by more than ``PARITY_TOLERANCE``. On a tie in the
            model (the trees of a forest often split evenly), either label is right.
    """

    rows: int
    max_difference: float
    differing_labels: int

    @property
    def passed(self) -> bool:
        """Whether the file may be used instead of the model."""
        return self.max_difference <= PARITY_TOLERANCE and self.differing_labels == 0


def measure_parity(
    model: Any, classifier: PoseClassifier, sample: NDArray[np.float32], seed: int
) -> Parity:
    """Compare a model with its file on at least ``PARITY_ROWS`` rows.

    The rows are drawn from the sample. In a third of them, values are replaced by split thresholds
    of the trees, if there are any (where "less than" and "less or equal" differ); in another third,
    values are missing.
    """
    rows = _parity_rows(model, sample, seed)
    expected = model.predict_proba(rows)
    exported = classifier.probabilities(rows)
    exported_label = exported.argmax(axis=1)[:, np.newaxis]
    shortfall = expected.max(axis=1) - np.take_along_axis(expected, exported_label, axis=1)[:, 0]
    return Parity(
        rows=len(rows),
        max_difference=float(np.abs(expected - exported).max()),
        differing_labels=int((shortfall > PARITY_TOLERANCE).sum()),
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
    """The trees' split thresholds by column; empty for a model without trees."""
    if isinstance(model, CalibratedModel):
        return _thresholds(model.estimator)
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
