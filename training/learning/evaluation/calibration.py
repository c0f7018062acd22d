"""Calibration: probabilities that say how often the answer is right.

Models are too sure of recordings unlike those they have learned from, and boosted trees that
stopped early are not sure enough. Predictions for recordings that the model has not learned from
show by how much. One slope for all log probabilities and one shift for each label correct it, which
is temperature scaling with a bias per class (Guo et al., "On Calibration of Modern Neural
Networks", 2017, section 4).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.learning.evaluation.predictions import Predictions

SMALLEST_PROBABILITY = 1e-4
"""Smaller probabilities count as this one: what a model says about one frame in ten thousand cannot
be checked, and its rounding would show in the result."""

# Standard deviation of the shifts expected beforehand. Every recording counts as one observation
# against it, so a few recordings do not move the shifts far.
_SHIFT_DEVIATION = 1.0
_SLOPES = (0.05, 20.0)


@dataclass(frozen=True)
class Calibration:
    """A correction of probabilities: ``softmax(slope * log(p) + shifts)``.

    Attributes:
        slope: More than 1 makes them more certain, less than 1 less.
        shifts: One for each label: more than 0 makes it likelier.
    """

    slope: float
    shifts: tuple[float, ...]

    def apply(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The corrected probabilities ``(n, labels)``; rows of NaN stay NaN."""
        return np.asarray(_softmax(self.slope * _log(probabilities) + np.array(self.shifts)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a model file's description of itself, rounded to six digits."""
        return {
            "method": "softmax(slope * log(p) + shifts)",
            "slope": round(self.slope, 6),
            "shifts": [round(shift, 6) for shift in self.shifts],
        }


class CalibratedModel:
    """A fitted estimator whose probabilities are corrected; it is exported as one model.

    Args:
        estimator: Estimator whose ``predict_proba`` gives ``(n, labels)``.
        calibration: The correction.
    """

    def __init__(self, estimator: Any, calibration: Calibration) -> None:
        self.estimator, self.calibration = estimator, calibration

    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities ``(n, labels)`` for features ``(n, columns)``."""
        return self.calibration.apply(self.estimator.predict_proba(features))


def fit_calibration(
    predictions: Predictions, weights: NDArray[np.float64] | None = None
) -> Calibration:
    """The correction with which predictions have the lowest log loss.

    Args:
        predictions: Predictions for rows that the model has not learned from, with labels that it
            has learned (``OutOfFold.learned``). Without any, nothing is corrected.
        weights: ``(n,)`` weight of each row; None: all equal. Probabilities mean what they say
            where labels are as frequent as these weights make them.
    """
    from scipy.optimize import minimize

    n_labels = predictions.probabilities.shape[1]
    if len(predictions) == 0:
        return Calibration(1.0, (0.0,) * n_labels)
    log_p, truth = _log(predictions.probabilities), predictions.truth
    shares = np.ones(len(truth)) if weights is None else weights.astype(np.float64)
    shares = shares / shares.sum()
    is_truth = np.eye(n_labels)[truth]
    certainty = 1.0 / (_SHIFT_DEVIATION**2 * len(np.unique(predictions.filenames)))

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, shifts = float(np.exp(values[0])), values[1:]
        p = _softmax(slope * log_p + shifts)
        error = shares[:, None] * (p - is_truth)
        chosen = np.maximum(p[np.arange(len(truth)), truth], np.finfo(np.float64).tiny)
        value = float(-shares @ np.log(chosen)) + certainty * float(shifts @ shifts) / 2
        slope_gradient = slope * float((error * log_p).sum())
        return value, np.array([slope_gradient, *(error.sum(axis=0) + certainty * shifts)])

    low, high = np.log(_SLOPES)
    bounds = [(low, high), *[(None, None)] * n_labels]
    found = minimize(loss, np.zeros(1 + n_labels), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(np.exp(found[0])), tuple(map(float, found[1:] - found[1:].mean())))


def _log(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    wide = probabilities.astype(np.float64)
    return np.asarray(np.log(np.maximum(wide, SMALLEST_PROBABILITY)))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))
