"""Which features a model relies on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance

from training.data.dataset import Dataset
from training.learning.evaluation.scores import score

_PERMUTED_ROWS = 500
_PERMUTATIONS = 3


def feature_importances(model: Any, data: Dataset, seed: int) -> tuple[dict[str, float], str]:
    """The importance of every feature, and what the numbers are.

    Trees say themselves by how much their splits on a feature improve the fit. Of other models, the
    values of one feature at a time are shuffled, and the importance is what that costs.

    Args:
        model: fitted.
        data: rows to shuffle; best those that the model has not learned from.
        seed: of the shuffling.
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
        # Where features say much the same, losing one of them costs no answer, only sureness.
        scoring=_sureness,
        n_repeats=_PERMUTATIONS,
        random_state=seed,
    )
    values = map(float, shuffled.importances_mean)
    return dict(zip(data.columns, values, strict=True)), "Log loss gained when shuffled"


def _sureness(model: Any, features: NDArray[np.float32], codes: NDArray[np.int64]) -> float:
    probabilities = model.predict_proba(features)
    return score("log_loss", codes, probabilities, probabilities.shape[1])
