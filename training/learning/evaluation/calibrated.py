"""Out-of-fold predictions, calibrated: what a calibrated model is worth on new recordings."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from training.learning.evaluation.calibration import Calibration, fit_calibration
from training.learning.evaluation.out_of_fold import OutOfFold


def calibration_of(out_of_fold: OutOfFold) -> Calibration:
    """The correction for a model like those that made out-of-fold predictions."""
    return fit_calibration(out_of_fold.predictions.rows(out_of_fold.learned))


def cross_calibrated(out_of_fold: OutOfFold) -> OutOfFold:
    """The predictions of each fold, corrected by what the other folds say.

    A correction that had seen the fold itself would look better than it is.
    """
    predictions, learned = out_of_fold.predictions, out_of_fold.learned
    corrected = np.array(predictions.probabilities, dtype=np.float64)
    for fold in np.unique(out_of_fold.fold_of_row):
        tested = out_of_fold.fold_of_row == fold
        calibration = fit_calibration(predictions.rows(~tested & learned))
        corrected[tested] = _known_only(calibration, predictions.probabilities[tested])
    return replace(out_of_fold, predictions=replace(predictions, probabilities=corrected))


def _known_only(
    calibration: Calibration, probabilities: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Corrected probabilities; a label that the fold has not learned keeps probability 0."""
    corrected = calibration.apply(probabilities)
    corrected[:, ~probabilities.any(axis=0)] = 0
    return np.asarray(corrected / corrected.sum(axis=1, keepdims=True))
