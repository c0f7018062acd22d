"""Boosted trees round by round: how many rounds score best on recordings not learned from.

All folds advance together, so each round gives one score over all of the data, and hopeless
hyperparameters can be abandoned after a few rounds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.data.splits import Fold
from training.errors import TrainingError
from training.learning.estimators.fitting import ClassWeights, FitSettings, sample_weights
from training.learning.estimators.models import THREADS, complete, make, model_kind
from training.learning.evaluation.scores import score
from training.params import ScoreMetric

ROUNDS = "n_estimators"
# A curve that has not risen for this many rounds is abandoned.
PATIENCE_ROUNDS = 30

# Called with the number of rounds done and their score; may raise to stop.
Report = Callable[[int, float], None]


@dataclass(frozen=True)
class Curve:
    """The score after each round.

    Attributes:
        scores: Scores in order; the first is after one round.
    """

    scores: tuple[float, ...]

    @property
    def best_rounds(self) -> int:
        """The fewest rounds that reach the best score."""
        return int(np.argmax(self.scores)) + 1

    @property
    def best_score(self) -> float:
        """The score after ``best_rounds`` rounds."""
        return self.scores[self.best_rounds - 1]


def with_best_rounds(
    data: Dataset, folds: Sequence[Fold], settings: FitSettings, metric: ScoreMetric
) -> FitSettings:
    """The settings with the number of rounds that scores best.

    They are returned unchanged for models without rounds, and if the number was set by hand.
    """
    if not model_kind(settings.model).boosted or ROUNDS in settings.hyperparameters:
        return settings
    rounds = boosted_curve(data, folds, settings, metric).best_rounds
    return replace(settings, hyperparameters={**settings.hyperparameters, ROUNDS: rounds})


def boosted_curve(
    data: Dataset,
    folds: Sequence[Fold],
    settings: FitSettings,
    metric: ScoreMetric,
    report: Report = lambda rounds, score: None,
    weights: NDArray[np.float64] | None = None,
    patience_rounds: int = PATIENCE_ROUNDS,
) -> Curve:
    """The score over all test rows after each round, until it stops rising.

    Args:
        data: The table.
        folds: Which rows are learned from and which are tested.
        settings: Which boosted model; its ``n_estimators`` is the upper limit for the rounds.
        metric: Which score.
        report: Called after each round; anything it raises stops the training and is passed on.
        weights: ``(n,)`` weight of each row in training and in the score, instead of those that
            ``class_weights`` implies (which apply to training only).
        patience_rounds: Stop when the score has not risen for this many rounds.

    Raises:
        TrainingError: A hyperparameter is unknown or has an impossible value.
    """
    import xgboost

    seen, codes = np.unique(data.codes, return_inverse=True)
    most_rounds = int(complete(settings.model, settings.hyperparameters)[ROUNDS])
    estimator = make(settings.model, settings.hyperparameters, settings.seed)
    booster_params = estimator.get_xgb_params() | _objective(len(seen))
    tested = np.concatenate([fold.test for fold in folds])
    test_weights = None if weights is None else weights[tested]
    score_round = partial(score, metric, codes[tested], n_labels=len(seen), weights=test_weights)
    follower = _follower(score_round, patience_rounds, report)
    try:
        xgboost.cv(
            booster_params,
            xgboost.DMatrix(data.features, label=codes, weight=weights, nthread=THREADS),
            num_boost_round=most_rounds,
            folds=[(fold.train, fold.test) for fold in folds],
            fpreproc=_weighting(settings.class_weights) if weights is None else None,
            callbacks=[follower],
            as_pandas=False,
        )
    except xgboost.core.XGBoostError as error:
        raise TrainingError(
            f"{settings.model} cannot be trained with the hyperparameters "
            f"{dict(settings.hyperparameters)}: {error}"
        ) from error
    return Curve(tuple(follower.scores))


def _objective(n_labels: int) -> dict[str, Any]:
    # The callback scores instead of XGBoost's own metric.
    common = {"disable_default_eval_metric": True}
    if n_labels == 2:
        return common | {"objective": "binary:logistic"}
    return common | {"objective": "multi:softprob", "num_class": n_labels}


def _weighting(class_weights: ClassWeights) -> Callable[[Any, Any, Any], tuple[Any, Any, Any]]:
    """Weights the rows of each fold by the labels of its training part, as ``fit_model`` does."""

    def weigh(train: Any, test: Any, params: Any) -> tuple[Any, Any, Any]:
        weights = sample_weights(train.get_label().astype(np.int64), class_weights)
        if weights is not None:
            train.set_weight(weights)
        return train, test, params

    return weigh


def _follower(
    score_round: Callable[[NDArray[np.floating[Any]]], float],
    patience_rounds: int,
    report: Report,
) -> Any:
    """An XGBoost callback that appends the score of every round to its ``scores``."""
    from xgboost.callback import TrainingCallback

    class Follower(TrainingCallback):
        """Scores the predictions of all folds together."""

        def __init__(self) -> None:
            super().__init__()
            self.scores: list[float] = []

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            """Whether to stop."""
            del evals_log
            probabilities = np.concatenate([part.bst.predict(part.dtest) for part in model.cvfolds])
            if probabilities.ndim == 1:
                probabilities = np.stack([1 - probabilities, probabilities], axis=1)
            self.scores.append(score_round(probabilities))
            report(epoch + 1, self.scores[-1])
            return len(self.scores) - 1 - int(np.argmax(self.scores)) >= patience_rounds

    return Follower()
