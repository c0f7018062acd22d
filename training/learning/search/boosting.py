"""Boosted trees round by round: how many rounds predict best for recordings not learned from.

All folds advance together, so each round gives one score over all of the data, and hopeless
hyperparameters can be abandoned after a few rounds. The features are quantised once for all folds:
the rows that a fold tests have weight 0 in its training, and their predictions come for free.

The number of rounds is the one with the lowest log loss, whatever the search maximises: F1 is often
best while probabilities are still too low for the service to answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset
from training.data.splits import Fold
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings, sample_weights
from training.learning.estimators.models import THREADS, complete, make, model_kind
from training.learning.evaluation.scores import score
from training.params import ScoreMetric

ROUNDS = "n_estimators"
# A curve whose loss has not fallen for this many rounds is abandoned.
PATIENCE_ROUNDS = 30
# A loss has fallen if it is lower by this share; hundreds of rounds for less are not worth it.
_LEAST_GAIN = 0.005

# Called with the number of rounds done and their score; may raise to stop.
Report = Callable[[int, float], None]


@dataclass(frozen=True)
class Curve:
    """The score and the loss after each round.

    Attributes:
        scores: Scores in order; the first is after one round.
        log_losses: Log losses in order, over the rows whose label the fold has learned.
        best_rounds: The number of rounds after which the log loss hardly falls any more.
        probabilities: ``(n, labels)`` of the tested rows, fold by fold, after ``best_rounds``
            rounds; 0 for labels that a fold has not learned.
    """

    scores: tuple[float, ...]
    log_losses: tuple[float, ...]
    best_rounds: int
    probabilities: NDArray[np.float32] = field(repr=False, compare=False)

    @property
    def best_score(self) -> float:
        """The score after ``best_rounds`` rounds."""
        return self.scores[self.best_rounds - 1]


def with_best_rounds(
    data: Dataset,
    folds: Sequence[Fold],
    settings: FitSettings,
    advance: Callable[[int], None] = lambda rounds: None,
) -> tuple[FitSettings, Curve | None]:
    """The settings with the number of rounds that predicts best, and the curve that shows it.

    They are returned unchanged, without a curve, for models without rounds, and if the number was
    set by hand.
    """
    if not model_kind(settings.model).boosted or ROUNDS in settings.hyperparameters:
        return settings, None

    def report(rounds: int, value: float) -> None:
        del rounds, value
        advance(1)

    curve = boosted_curve(data, folds, settings, "log_loss", report)
    rounds = {ROUNDS: curve.best_rounds}
    return replace(settings, hyperparameters={**settings.hyperparameters, **rounds}), curve


def boosted_curve(
    data: Dataset,
    folds: Sequence[Fold],
    settings: FitSettings,
    metric: ScoreMetric,
    report: Report = lambda rounds, score: None,
    weights: NDArray[np.float64] | None = None,
    patience_rounds: int = PATIENCE_ROUNDS,
) -> Curve:
    """The score over all test rows after each round, until the log loss stops falling.

    Args:
        data: The table.
        folds: Which rows are learned from and which are tested.
        settings: Which boosted model; its ``n_estimators`` is the upper limit for the rounds.
        metric: Which score.
        report: Called after each round; anything it raises stops the training and is passed on.
        weights: ``(n,)`` weight of each row in training and in the score, instead of those that
            ``class_weights`` implies (which apply to training only).
        patience_rounds: Stop when the log loss has not fallen for this many rounds.

    Raises:
        TrainingError: A hyperparameter is unknown or has an impossible value.
    """
    import xgboost

    most_rounds = int(complete(settings.model, settings.hyperparameters)[ROUNDS])
    try:
        boosted = _Boosted(data, folds, settings, weights)
        scores: list[float] = []
        losses: list[float] = []
        best, best_rounds = np.empty(0, dtype=np.float32), 0
        for number in range(most_rounds):
            probabilities = boosted.advance(number)
            scores.append(boosted.score(metric, probabilities))
            losses.append(boosted.log_loss(probabilities))
            if not best_rounds or losses[-1] < losses[best_rounds - 1] * (1 - _LEAST_GAIN):
                best, best_rounds = probabilities, number + 1
            report(number + 1, scores[-1])
            if number + 1 - best_rounds >= patience_rounds:
                break
    except xgboost.core.XGBoostError as error:
        raise TrainingError(
            f"{settings.model} cannot be trained with the hyperparameters "
            f"{dict(settings.hyperparameters)}: {error}"
        ) from error
    return Curve(tuple(scores), tuple(losses), best_rounds, boosted.of_all_labels(best))


class _Boosted:
    """The boosters of all folds."""

    def __init__(
        self,
        data: Dataset,
        folds: Sequence[Fold],
        settings: FitSettings,
        weights: NDArray[np.float64] | None,
    ) -> None:
        import xgboost

        self._seen, self._codes = np.unique(data.codes, return_inverse=True)
        self._n_labels = len(data.labels)
        self._folds = folds
        # Rows that only other folds use are left out, so that they cannot shape the bins.
        rows = np.unique(
            np.concatenate([part for fold in folds for part in (fold.train, fold.test)])
        )
        place = np.empty(len(data), dtype=np.int64)
        place[rows] = np.arange(len(rows))
        self._tests = [place[fold.test] for fold in folds]
        self._weights = [
            _fold_weights(place[fold.train], self._codes[rows], settings, weights, rows)
            for fold in folds
        ]
        self._matrix = xgboost.QuantileDMatrix(
            data.features if len(rows) == len(data) else data.features[rows],
            label=self._codes[rows],
            nthread=THREADS,
        )
        params = make(settings.model, settings.hyperparameters, settings.seed).get_xgb_params()
        params |= _objective(len(self._seen))
        self._boosters = [xgboost.Booster(params, [self._matrix]) for _ in folds]
        tested = np.concatenate([fold.test for fold in folds])
        self._truth = self._codes[tested]
        self._test_weights = None if weights is None else weights[tested]
        self._learned = np.concatenate([self._learns(fold) for fold in folds])

    def _learns(self, fold: Fold) -> NDArray[np.bool_]:
        """Which tested rows have a label that the fold learns; others say nothing about rounds."""
        return np.isin(self._codes[fold.test], np.unique(self._codes[fold.train]))

    def advance(self, number: int) -> NDArray[np.float32]:
        """Do one more round; probabilities of all tested rows, fold by fold."""
        found = []
        for booster, test, weights in zip(self._boosters, self._tests, self._weights, strict=True):
            self._matrix.set_weight(weights)
            booster.update(self._matrix, number)
            found.append(booster.predict(self._matrix)[test])
        probabilities = np.concatenate(found)
        if probabilities.ndim == 1:
            probabilities = np.stack([1 - probabilities, probabilities], axis=1)
        return np.asarray(probabilities)

    def score(self, metric: ScoreMetric, probabilities: NDArray[np.float32]) -> float:
        """The score over all tested rows; higher is better."""
        return score(metric, self._truth, probabilities, len(self._seen), self._test_weights)

    def log_loss(self, probabilities: NDArray[np.float32]) -> float:
        """The log loss over the rows whose label was learned."""
        chosen = self._learned if self._learned.any() else np.ones(len(self._truth), dtype=bool)
        weights = None if self._test_weights is None else self._test_weights[chosen]
        truth = self._truth[chosen]
        return -score("log_loss", truth, probabilities[chosen], len(self._seen), weights)

    def of_all_labels(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities ``(n, labels)`` of every label of the dataset."""
        found = np.zeros((len(probabilities), self._n_labels), dtype=np.float32)
        found[:, self._seen] = probabilities
        start = 0
        for fold in self._folds:
            end = start + len(fold.test)
            unlearned = np.setdiff1d(self._seen, self._seen[self._codes[fold.train]])
            found[start:end, unlearned] = 0
            start = end
        return found


def _fold_weights(
    train: NDArray[np.int64],
    codes: NDArray[np.int64],
    settings: FitSettings,
    weights: NDArray[np.float64] | None,
    rows: NDArray[np.int64],
) -> NDArray[np.float32]:
    """``(n,)`` weights of a fold's training rows, as ``fit_model`` weighs them; 0 for others."""
    found = np.zeros(len(codes), dtype=np.float32)
    if weights is not None:
        found[train] = weights[rows[train]]
    else:
        balanced = sample_weights(codes[train], settings.class_weights)
        found[train] = 1 if balanced is None else balanced
    return found


def _objective(n_labels: int) -> dict[str, Any]:
    # Rounds are scored here instead of by XGBoost's own metric.
    common = {"disable_default_eval_metric": True}
    if n_labels == 2:
        return common | {"objective": "binary:logistic"}
    return common | {"objective": "multi:softprob", "num_class": n_labels}
