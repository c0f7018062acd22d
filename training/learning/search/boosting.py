"""Boosted trees round by round: how many rounds are best, on recordings that were not learned from.

All folds advance together, so that after each round there is one score over all of the data, and a
hopeless choice of hyperparameters can be given up after a few rounds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
# A curve that has not risen for this many rounds is not followed further.
PATIENCE_ROUNDS = 30

# Called with the number of rounds done and the score after them; may raise to stop.
Report = Callable[[int, float], None]


@dataclass(frozen=True)
class Curve:
    """Scores after each round.

    Attributes:
        scores: the first is after one round.
    """

    scores: tuple[float, ...]

    @property
    def best_rounds(self) -> int:
        """The fewest rounds that reach the best score."""
        return int(np.argmax(self.scores)) + 1

    @property
    def best_score(self) -> float:
        """The score after them."""
        return self.scores[self.best_rounds - 1]


def with_best_rounds(
    data: Dataset, folds: Sequence[Fold], settings: FitSettings, metric: ScoreMetric
) -> FitSettings:
    """The settings with as many rounds as do best; as they are where that is not a question.

    It is none for models without rounds, and where the number was set by hand.
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
) -> Curve:
    """The score over all tested rows after each round, until it no longer rises.

    Args:
        data: the table.
        folds: what is learned from and what is tested.
        settings: which boosted model; its ``n_estimators`` is the most rounds there may be.
        metric: of the score.
        report: called after each round; what it raises ends the training and is passed on.

    Raises:
        TrainingError: a hyperparameter is not known or has an impossible value.
    """
    import xgboost

    seen, codes = np.unique(data.codes, return_inverse=True)
    most_rounds = int(complete(settings.model, settings.hyperparameters)[ROUNDS])
    estimator = make(settings.model, settings.hyperparameters, settings.seed)
    booster_params = estimator.get_xgb_params() | _objective(len(seen))
    follower = _follower(codes, folds, len(seen), metric, report)
    try:
        xgboost.cv(
            booster_params,
            xgboost.DMatrix(data.features, label=codes, nthread=THREADS),
            num_boost_round=most_rounds,
            folds=[(fold.train, fold.test) for fold in folds],
            fpreproc=_weighting(settings.class_weights),
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
    # XGBoost's own metric is not wanted: the callback scores.
    common = {"disable_default_eval_metric": True}
    if n_labels == 2:
        return common | {"objective": "binary:logistic"}
    return common | {"objective": "multi:softprob", "num_class": n_labels}


def _weighting(class_weights: ClassWeights) -> Callable[[Any, Any, Any], tuple[Any, Any, Any]]:
    """Weighs the labels of each fold by what the fold learns from, as ``fit_model`` does."""

    def weigh(train: Any, test: Any, params: Any) -> tuple[Any, Any, Any]:
        weights = sample_weights(train.get_label().astype(np.int64), class_weights)
        if weights is not None:
            train.set_weight(weights)
        return train, test, params

    return weigh


def _follower(
    codes: NDArray[np.int64],
    folds: Sequence[Fold],
    n_labels: int,
    metric: ScoreMetric,
    report: Report,
) -> Any:
    """XGBoost's callback that scores every round; its ``scores`` grow."""
    from xgboost.callback import TrainingCallback

    truth = np.concatenate([codes[fold.test] for fold in folds])

    class Follower(TrainingCallback):
        """Scores the answers of all folds together."""

        def __init__(self) -> None:
            super().__init__()
            self.scores: list[float] = []

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            """Whether to stop."""
            del evals_log
            answers = [part.bst.predict(part.dtest) for part in model.cvfolds]
            probabilities = np.concatenate(answers)
            if probabilities.ndim == 1:
                probabilities = np.stack([1 - probabilities, probabilities], axis=1)
            self.scores.append(score(metric, truth, probabilities, n_labels))
            report(epoch + 1, self.scores[-1])
            return len(self.scores) - 1 - int(np.argmax(self.scores)) >= PATIENCE_ROUNDS

    return Follower()
