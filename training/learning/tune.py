"""The search for better hyperparameters, with Optuna.

Every trial is a cross-validation; its value is one score over all tested rows. Trials that are
worse than half of the others at the same point are given up early: boosted trees round by round,
other models fold by fold.

A search can be stopped or killed at any moment. Started again with the same data and settings, it
does what is missing. With one process it ends with the very trials of a search that was never
stopped; several processes share a study, and then the order in which they finish has a part in what
is tried next.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from training.data.dataset import Dataset
from training.data.splits import Fold
from training.data.workers import Failed, Workers, each_done
from training.errors import TrainingError
from training.learning.boosting import ROUNDS, boosted_curve
from training.learning.fitting import FitSettings, fit_model
from training.learning.models import complete, model_kind
from training.learning.scores import score
from training.learning.studies import (
    open_storage,
    search_distributions,
    sqlite_file,
    study_lock,
    study_name,
)
from training.params import ScoreMetric

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

# No trial is given up before this many are complete, nor within its first rounds.
_COMPLETE_BEFORE_PRUNING = 5
_ROUNDS_BEFORE_PRUNING = 10
_HYPERPARAMETERS = "hyperparameters"


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
class TrialRecord:
    """A finished trial.

    Attributes:
        number: its place in the study.
        state: ``pruned`` when it was given up.
        value: its score; of a pruned one the last before it was given up.
        hyperparameters: all that were used, the best number of rounds included.
        steps: rounds (of boosted trees) or folds (of other models) that were computed.
        duration_s: how long it took.
        earlier: whether it was there before this search started.
    """

    number: int
    state: Literal["complete", "pruned"]
    value: float
    hyperparameters: Mapping[str, Any]
    steps: int
    duration_s: float
    earlier: bool


@dataclass(frozen=True)
class SearchResult:
    """What a search has found.

    Attributes:
        study: its name in the storage.
        best: the complete trial with the highest value.
        trials: all that are finished, in the study's order.
    """

    study: str
    best: TrialRecord
    trials: tuple[TrialRecord, ...]

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The best ones, as ``FitSettings`` takes them."""
        return dict(self.best.hyperparameters)


@dataclass(frozen=True)
class _Search:
    """What a process needs to know to do a trial."""

    data: Dataset
    folds: Sequence[Fold]
    settings: FitSettings
    how: SearchSettings
    url: str
    name: str


def optimize(
    data: Dataset,
    folds: Sequence[Fold],
    settings: FitSettings,
    how: SearchSettings,
    url: str,
    on_trial: Callable[[TrialRecord], None] = lambda trial: None,
) -> SearchResult:
    """Search, or go on with a search.

    Args:
        data: the table.
        folds: of the cross-validation that judges each trial.
        settings: which model; its hyperparameters are where the search starts, and stay as they are
            where the search space does not name them.
        how: how is searched.
        url: Optuna's storage, see ``studies.optuna_url``.
        on_trial: called in this process for each finished trial: first for the earlier ones, then
            for each as it finishes.

    Raises:
        TrainingError: the storage cannot be used, a hyperparameter is not possible, or a process
            that searches died again and again. Finished trials stay.
    """
    name = study_name(data, folds, settings, how.metric, how.pruning)
    search = _Search(data, folds, settings, how, url, name)
    study = _prepared_study(search)
    records: dict[int, TrialRecord] = {}

    def note(earlier: bool) -> None:
        for trial in _finished(study):
            if trial.number not in records:
                records[trial.number] = _record(trial, earlier)
                on_trial(records[trial.number])

    note(earlier=True)
    while missing := max(0, how.num_trials - len(_finished(study))):
        for _ in _trials_done(search, missing):
            note(earlier=False)
    trials = tuple(records[number] for number in sorted(records))
    complete_ones = [trial for trial in trials if trial.state == "complete"]
    return SearchResult(name, max(complete_ones, key=lambda trial: trial.value), trials)


def _trials_done(search: _Search, missing: int) -> Iterator[None]:
    """Yields after each trial."""
    jobs = range(missing)
    if search.how.processes == 1:
        for job in jobs:
            _do_trial(search, job)
            yield
        return
    folder = (sqlite_file(search.url) or Path()).parent
    workers = Workers(processes=search.how.processes)
    for _, result in each_done(partial(_do_trial, search), jobs, folder, workers):
        if isinstance(result, Failed):
            raise TrainingError(
                f"A trial of the search failed: {result.reason}. Finished trials are kept; run "
                "the same command again to go on from there."
            )
        yield


def _do_trial(search: _Search, job: int) -> bool:
    """Do one more trial, unless enough are finished by now; whether it was done."""
    import optuna

    study = _open_study(search, open_storage(search.url))
    n_finished = len(_finished(study))
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


def _value(search: _Search, trial: "Trial") -> float:
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
    trial.set_user_attr(_HYPERPARAMETERS, used)
    if not kind.boosted:
        return _value_by_folds(search, settings, trial)
    curve = boosted_curve(
        search.data,
        search.folds,
        settings,
        search.how.metric,
        partial(_reported, trial),
    )
    trial.set_user_attr(_HYPERPARAMETERS, {**used, ROUNDS: curve.best_rounds})
    return curve.best_score


def _value_by_folds(search: _Search, settings: FitSettings, trial: "Trial") -> float:
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


def _reported(trial: "Trial", step: int, value: float, may_prune: bool = True) -> None:
    import optuna

    if not np.isfinite(value):
        raise TrainingError(
            f"The score of {dict(trial.params)} is {value}: the model answers with numbers that "
            "are none. Look for extreme values among the features."
        )
    trial.report(value, step)
    if may_prune and trial.should_prune():
        raise optuna.TrialPruned


def _prepared_study(search: _Search) -> "Study":
    """The study, made if it is new. Its first trial starts from the given hyperparameters."""
    settings = search.settings
    start = complete(settings.model, settings.hyperparameters)
    space = search_distributions(model_kind(settings.model).search_space)
    fitting = {
        name: start[name]
        for name, distribution in space.items()
        if name in start and _contains(distribution, start[name])
    }
    storage = open_storage(search.url)
    with study_lock(search.url):
        study = _open_study(search, storage)
        if not _finished(study) and not _waiting(study):
            study.enqueue_trial(fitting)
            study.set_user_attr("model", settings.model)
            study.set_user_attr("score_metric", search.how.metric)
    return study


def _open_study(search: _Search, storage: "RDBStorage") -> "Study":
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


def _finished(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _waiting(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.WAITING,))


def _record(trial: "FrozenTrial", earlier: bool) -> TrialRecord:
    from optuna.trial import TrialState

    return TrialRecord(
        number=trial.number,
        state="complete" if trial.state == TrialState.COMPLETE else "pruned",
        value=float(trial.value if trial.value is not None else np.nan),
        hyperparameters=trial.user_attrs[_HYPERPARAMETERS],
        steps=len(trial.intermediate_values),
        duration_s=trial.duration.total_seconds() if trial.duration else 0.0,
        earlier=earlier,
    )


def _contains(distribution: "BaseDistribution", value: Any) -> bool:
    """Whether a search space can draw a value."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    if isinstance(distribution, FloatDistribution | IntDistribution):
        return isinstance(value, int | float) and distribution.low <= value <= distribution.high
    return False
