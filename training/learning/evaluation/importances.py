"""Feature importances: how much a model relies on each feature."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance

from training.data.dataset import Dataset
from training.learning.evaluation.scores import score

_PERMUTED_ROWS = 500
_PERMUTATIONS = 3


def feature_importances(model: Any, data: Dataset, seed: int) -> tuple[dict[str, float], str]:
    """The importance of every feature, and a name for the measure.

    For trees it is the gain of their splits on the feature. For other models the values of one
    feature at a time are shuffled, and the importance is the increase in log loss.

    Args:
        model: A fitted model.
        data: Rows to shuffle, preferably rows that the model has not learned from.
        seed: Seed for the shuffling.
    """
    own = getattr(model, "feature_importances_", None)
    if own is None and hasattr(model, "steps"):
        own = getattr(model.steps[-1][1], "feature_importances_", None)
    if own is not None and len(own) == len(data.columns):
        return dict(zip(data.columns, map(float, own), strict=True)), "Share of the trees' gain"
    rows = np.random.default_rng(seed).permutation(len(data))[:_PERMUTED_ROWS]
    shuffled = permutation_importance(
        model,
        data.features[rows],
        data.codes[rows],
        # Losing one of several similar features may change no prediction, only its confidence.
        scoring=_negative_log_loss,
        n_repeats=_PERMUTATIONS,
        random_state=seed,
    )
    values = map(float, shuffled.importances_mean)
    return dict(zip(data.columns, values, strict=True)), "Increase in log loss when shuffled"


def _negative_log_loss(
    model: Any, features: NDArray[np.float32], codes: NDArray[np.int64]
) -> float:
    probabilities = model.predict_proba(features)
    return score("log_loss", codes, probabilities, probabilities.shape[1])
