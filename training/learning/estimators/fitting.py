"""Fits a model to rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.errors import DatasetError, TrainingError
from training.learning.estimators.models import (
    Hyperparameters,
    RowSplit,
    complete,
    make,
    model_kind,
)
from training.params import TrainingParams
from training.words import counted

ClassWeights = Literal["balanced", "none"]

_MOST_CALIBRATION_SPLITS = 5
_SPLIT_ATTEMPTS = 5


@dataclass(frozen=True)
class FitSettings:
    """Which model is fitted, and how.

    Attributes:
        model: Name of the model in ``MODEL_MAPPER``.
        seed: Seed for everything random.
        class_weights: ``balanced``: every label counts the same, however rare; ``none``: every row
            counts the same.
        hyperparameters: Values that replace the model's defaults.
    """

    model: str
    seed: int
    class_weights: ClassWeights = "balanced"
    hyperparameters: Hyperparameters = field(default_factory=dict)


def fit_settings(params: TrainingParams) -> FitSettings:
    """The model and hyperparameters that params.yaml asks for.

    Raises:
        TrainingError: The model or one of its hyperparameters is unknown.
    """
    how = params.model_training
    given = how.hyperparameters.get(how.model, {})
    complete(how.model, given)
    return FitSettings(how.model, how.seed, how.class_weights, given)


class PartialModel:
    """A model that has seen only some of the labels; the others get probability 0.

    It can be evaluated, for instance in a cross-validation that tests the only recording of a
    label, but not exported.

    Args:
        estimator: Estimator fitted to the codes 0 … ``len(seen)`` − 1.
        seen: ``(k,)`` label codes that these stand for.
        n_labels: Number of labels in the dataset.
    """

    def __init__(self, estimator: Any, seen: NDArray[np.int64], n_labels: int) -> None:
        self.estimator, self.seen, self.n_labels = estimator, seen, n_labels

    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        """Probabilities ``(n, labels)`` for features ``(n, columns)``."""
        known = self.estimator.predict_proba(features)
        probabilities = np.zeros((len(features), self.n_labels), dtype=known.dtype)
        probabilities[:, self.seen] = known
        return probabilities


def fit_model(
    data: Dataset, settings: FitSettings, weights: NDArray[np.float64] | None = None
) -> Any:
    """An estimator fitted to all rows of a table; ``predict_proba`` gives ``(n, labels)``.

    The same rows, settings and library versions give the same model. If some labels have no rows,
    the result is a ``PartialModel``.

    Args:
        data: The rows to learn from.
        settings: Which model, and how it is fitted.
        weights: ``(n,)`` weight of each row, instead of those that ``class_weights`` implies.

    Raises:
        TrainingError: The model or a hyperparameter is unknown or has an impossible value.
        DatasetError: Fewer than two labels have rows.
    """
    return fit_rows(data.features, data.codes, data.groups, len(data.labels), settings, weights)


def fit_rows(
    features: NDArray[np.float32],
    codes: NDArray[np.int64],
    groups: NDArray[Any],
    n_labels: int,
    settings: FitSettings,
    weights: NDArray[np.float64] | None = None,
) -> Any:
    """``fit_model`` for plain arrays: ``(n, columns)``, ``(n,)`` and ``(n,)``."""
    seen, dense = np.unique(codes, return_inverse=True)
    if len(seen) < 2:
        raise DatasetError(
            "A model needs at least two labels to tell apart, but "
            f"{counted(len(codes), 'row')} with {len(seen)} were given. "
            "Label recordings of other poses too."
        )
    if weights is None:
        weights = sample_weights(dense, settings.class_weights)
    model = _fit(features, dense, groups, settings, weights)
    return model if len(seen) == n_labels else PartialModel(model, seen, n_labels)


def sample_weights(
    codes: NDArray[np.int64], class_weights: ClassWeights
) -> NDArray[np.float64] | None:
    """``(n,)`` weights of rows as ``class_weights`` asks; None: all equal."""
    return None if class_weights == "none" else balanced_weights(codes)


def balanced_weights(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(n,)`` weights, 1 on average, that give every label that occurs the same total weight."""
    counts = np.bincount(codes)
    occurring = np.count_nonzero(counts)
    return np.asarray(len(codes) / (occurring * counts[codes]))


def _fit(
    features: NDArray[np.float32],
    codes: NDArray[np.int64],
    groups: NDArray[Any],
    settings: FitSettings,
    weights: NDArray[np.float64] | None,
) -> Any:
    splits: Sequence[RowSplit] = ()
    if model_kind(settings.model).calibrated:
        splits = calibration_splits(codes, groups, settings.seed)
    model = make(settings.model, settings.hyperparameters, settings.seed, splits)
    try:
        model.fit(features, codes, **_weights_argument(model, weights))
    except ValueError as error:
        # Both libraries check hyperparameters only when they are given data.
        raise TrainingError(
            f"{settings.model} cannot be trained with the hyperparameters "
            f"{dict(settings.hyperparameters)}: {error}"
        ) from error
    return _repeatable(model)


def calibration_splits(codes: NDArray[np.int64], groups: NDArray[Any], seed: int) -> list[RowSplit]:
    """Splits that train on every label and never separate a group.

    If a label has too few groups for that, rows are split without regard to groups: the
    probabilities are then overconfident, but every label is calibrated.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    per_label = [len(np.unique(groups[codes == code])) for code in np.unique(codes)]
    most = min(_MOST_CALIBRATION_SPLITS, *per_label)
    if sum(per_label) == len(codes):
        most = 0  # every row is a group of its own
    for n_splits in range(most, 1, -1):
        for attempt in range(_SPLIT_ATTEMPTS):
            grouped = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed + attempt)
            splits = list(grouped.split(codes, codes, groups))
            if all(len(np.unique(codes[train])) == len(per_label) for train, _ in splits):
                return splits
    n_splits = min(_MOST_CALIBRATION_SPLITS, int(np.bincount(codes).min()))
    if n_splits < 2:
        raise DatasetError("This model cannot learn a label that has only one row.")
    plain = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    return list(plain.split(codes, codes))


def _weights_argument(
    model: Any, weights: NDArray[np.float64] | None
) -> dict[str, NDArray[np.float64]]:
    if weights is None:
        return {}
    steps = getattr(model, "steps", None)
    return {f"{steps[-1][0]}__sample_weight" if steps else "sample_weight": weights}


def _repeatable(model: Any) -> Any:
    """Make a forest predict on one thread; several add up their trees' votes in varying order."""
    from sklearn.ensemble import RandomForestClassifier

    for _, step in getattr(model, "steps", ()):
        if isinstance(step, RandomForestClassifier):
            step.n_jobs = 1
    return model
