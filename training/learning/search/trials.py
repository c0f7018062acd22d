"""One trial of a search: a choice of hyperparameters, judged by cross-validation."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
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

# Where a trial keeps all hyperparameters that it used.
HYPERPARAMETERS = "hyperparameters"

# No trial is given up before this many are complete, nor within its first rounds. Every round is
# reported, but asking whether to give up reads the whole study, so that is done now and then.
_COMPLETE_BEFORE_PRUNING = 5
_ROUNDS_BEFORE_PRUNING = 10
_ROUNDS_BETWEEN_QUESTIONS = 5


@dataclass(frozen=True)
class SearchSettings:
    """How is searched.

    Attributes:
        metric: what is maximised.
        num_trials: how many finished trials the study is to have, pruned ones included.
        pruning: whether bad trials are given up early.
        processes: how many trials run side by side.
    """

    metric: ScoreMetric
    num_trials: int
    pruning: bool = True
    processes: int = 1


@dataclass(frozen=True)
class Search:
    """What a process needs to know to do a trial."""

    data: Dataset
    folds: Sequence[Fold]
    settings: FitSettings
    how: SearchSettings
    url: str
    name: str


def do_stored_trial(stored: Path, job: int) -> bool:
    """``do_trial`` of a search that another process has written with ``pickle``."""
    return do_trial(_stored_search(stored), job)


@cache
def _stored_search(stored: Path) -> Search:
    with stored.open("rb") as file:
        search: Search = pickle.load(file)  # noqa: S301 - written by the process that asks for it
    return search


def do_trial(search: Search, job: int) -> bool:
    """Do one more trial, unless enough are finished by now; whether it was done."""
    import optuna

    study = open_study(search, open_storage(search.url))
    n_finished = len(finished_trials(study))
    if n_finished >= search.how.num_trials:
        return False
    # Drawn anew for each trial, so that nothing but the finished trials decides what is tried; and
    # which of several that are done side by side it is, lest they be the same.
    side_by_side = (job,) if search.how.processes > 1 else ()
    seed = np.random.SeedSequence((search.settings.seed, n_finished, *side_by_side))
    study.sampler = optuna.samplers.TPESampler(
        seed=int(seed.generate_state(1)[0]), constant_liar=search.how.processes > 1
    )
    study.optimize(partial(_value, search), n_trials=1)
    return True


def _value(search: Search, trial: "Trial") -> float:
    """The score of one choice of hyperparameters.

    Raises:
        TrialPruned: it is given up.
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

    def report(rounds: int, value: float) -> None:
        may_prune = rounds % _ROUNDS_BETWEEN_QUESTIONS == 0 and rounds < used[ROUNDS]
        _reported(trial, rounds, value, may_prune)

    curve = boosted_curve(search.data, search.folds, settings, search.how.metric, report)
    trial.set_user_attr(HYPERPARAMETERS, {**used, ROUNDS: curve.best_rounds})
    return curve.best_score


def _value_by_folds(search: Search, settings: FitSettings, trial: "Trial") -> float:
    """The score over the folds so far, reported after each."""
    data = search.data
    truth = np.empty(0, dtype=np.int64)
    probabilities = np.empty((0, len(data.labels)))
    so_far = 0.0
    for number, fold in enumerate(search.folds, start=1):
        model = fit_model(data.rows(fold.train), settings)
        answers = model.predict_proba(data.features[fold.test])
        truth = np.concatenate([truth, data.codes[fold.test]])
        probabilities = np.concatenate([probabilities, answers])
        so_far = score(search.how.metric, truth, probabilities, len(data.labels))
        _reported(trial, number, so_far, may_prune=number < len(search.folds))
    return so_far


def _reported(trial: "Trial", step: int, value: float, may_prune: bool) -> None:
    import optuna

    if not np.isfinite(value):
        raise TrainingError(
            f"The score of {dict(trial.params)} is {value}: the model answers with numbers that "
            "are none. Look for extreme values among the features."
        )
    trial.report(value, step)
    if may_prune and trial.should_prune():
        raise optuna.TrialPruned


def open_study(search: Search, storage: "RDBStorage") -> "Study":
    """The study, made if it is new."""
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
    """Those that are complete, and those that were given up."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
