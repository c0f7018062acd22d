"""A trial of a search: one choice of hyperparameters, scored by cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from training.data.dataset import Dataset
from training.data.splits import Fold
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.estimators.models import complete, model_kind
from training.learning.evaluation.scores import score
from training.learning.search.boosting import ROUNDS, boosted_curve
from training.learning.search.studies import open_storage
from training.params import ScoreMetric

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

# The user attribute of a trial that holds all hyperparameters it used.
HYPERPARAMETERS = "hyperparameters"

# No trial is pruned before this many are complete, nor in its first rounds. Every round is
# reported, but deciding whether to prune reads the whole study, so that is done every few rounds.
_COMPLETE_BEFORE_PRUNING = 5
_ROUNDS_BEFORE_PRUNING = 10
_ROUNDS_BETWEEN_PRUNING = 5


@dataclass(frozen=True)
class SearchSettings:
    """How to search.

    Attributes:
        metric: Score to maximise.
        num_trials: Number of finished trials that the study should have, pruned ones included.
        pruning: Whether bad trials are stopped early.
        processes: Number of trials that run in parallel.
    """

    metric: ScoreMetric
    num_trials: int
    pruning: bool = True
    processes: int = 1


@dataclass(frozen=True)
class SearchTask:
    """Everything that a process needs to run a trial.

    Attributes:
        data: The table.
        folds: Folds of the cross-validation that scores each trial.
        settings: Which model, and the hyperparameters that the search does not change.
        how: How to search.
        url: URL of Optuna's storage.
        name: Name of the study.
    """

    data: Dataset
    folds: Sequence[Fold]
    settings: FitSettings
    how: SearchSettings
    url: str
    name: str


def do_trial(search: SearchTask, job: int) -> bool:
    """Run one more trial and return True, or return False if enough are finished already.

    Args:
        search: The search.
        job: Number of this trial among those started together.
    """
    import optuna

    study = open_study(search, open_storage(search.url))
    n_finished = len(finished_trials(study))
    if n_finished >= search.how.num_trials:
        return False
    # The sampler is seeded for each trial, so what it tries depends only on the finished trials.
    # Parallel trials also use their number; otherwise they would all try the same.
    parallel = (job,) if search.how.processes > 1 else ()
    seed = np.random.SeedSequence((search.settings.seed, n_finished, *parallel))
    study.sampler = optuna.samplers.TPESampler(
        seed=int(seed.generate_state(1)[0]), constant_liar=search.how.processes > 1
    )
    study.optimize(partial(_value, search), n_trials=1)
    return True


def _value(search: SearchTask, trial: "Trial") -> float:
    """The score of one choice of hyperparameters.

    Raises:
        TrialPruned: The trial is stopped early.
    """
    kind = model_kind(search.settings.model)
    suggested = kind.search_space(trial)
    settings = replace(
        search.settings, hyperparameters={**search.settings.hyperparameters, **suggested}
    )
    used = complete(settings.model, settings.hyperparameters)
    trial.set_user_attr(HYPERPARAMETERS, used)
    if not kind.boosted:
        return _value_by_folds(search, settings, trial)

    def report_round(rounds: int, value: float) -> None:
        may_prune = rounds % _ROUNDS_BETWEEN_PRUNING == 0 and rounds < used[ROUNDS]
        _reported(trial, rounds, value, may_prune)

    curve = boosted_curve(search.data, search.folds, settings, search.how.metric, report_round)
    trial.set_user_attr(HYPERPARAMETERS, {**used, ROUNDS: curve.best_rounds})
    return curve.best_score


def _value_by_folds(search: SearchTask, settings: FitSettings, trial: "Trial") -> float:
    """The score over all folds; the score so far is reported after each."""
    data = search.data
    truth = np.empty(0, dtype=np.int64)
    probabilities = np.empty((0, len(data.labels)))
    so_far = 0.0
    for number, fold in enumerate(search.folds, start=1):
        model = fit_model(data.rows(fold.train), settings)
        predicted = model.predict_proba(data.features[fold.test])
        truth = np.concatenate([truth, data.codes[fold.test]])
        probabilities = np.concatenate([probabilities, predicted])
        so_far = score(search.how.metric, truth, probabilities, len(data.labels))
        _reported(trial, number, so_far, may_prune=number < len(search.folds))
    return so_far


def _reported(trial: "Trial", step: int, value: float, may_prune: bool) -> None:
    import optuna

    if not np.isfinite(value):
        raise TrainingError(
            f"The score of {dict(trial.params)} is {value}: the model's probabilities are not "
            "finite. Check the features for extreme values."
        )
    trial.report(value, step)
    if may_prune and trial.should_prune():
        raise optuna.TrialPruned


def open_study(search: SearchTask, storage: "RDBStorage") -> "Study":
    """The study, created if it is new."""
    import optuna

    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if search.how.pruning:
        boosted = model_kind(search.settings.model).boosted
        pruner = optuna.pruners.MedianPruner(
            n_startup_trials=_COMPLETE_BEFORE_PRUNING,
            n_warmup_steps=_ROUNDS_BEFORE_PRUNING if boosted else 0,
        )
    return optuna.create_study(
        study_name=search.name,
        storage=storage,
        direction="maximize",
        pruner=pruner,
        load_if_exists=True,
    )


def finished_trials(study: "Study") -> "list[FrozenTrial]":
    """Trials that are complete or pruned."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
