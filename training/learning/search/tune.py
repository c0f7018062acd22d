"""Hyperparameter search with Optuna.

Every trial is a cross-validation; its value is one score over all test rows. A trial that is worse
than half of the others at the same point is pruned: boosted trees round by round, other models fold
by fold.

A search can be stopped or killed at any time. Started again with the same data and settings, it
runs the missing trials. With one process it ends with exactly the trials of an uninterrupted
search. Several processes share a study, so the order in which they finish affects what is tried
next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from training.data.dataset import Dataset
from training.data.splits import Fold
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings
from training.learning.estimators.models import complete, model_kind
from training.learning.search.studies import (
    contains,
    open_storage,
    search_distributions,
    study_lock,
    study_name,
)
from training.learning.search.trials import (
    HYPERPARAMETERS,
    SearchSettings,
    SearchTask,
    do_trial,
    finished_trials,
    open_study,
)
from training.runtime.workers import in_processes

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

__all__ = ["SearchResult", "SearchSettings", "TrialRecord", "optimize"]


@dataclass(frozen=True)
class TrialRecord:
    """A finished trial.

    Attributes:
        number: Number of the trial in the study.
        state: ``complete``, or ``pruned`` if it was stopped early.
        value: Score of the trial; for a pruned one the last score reported.
        hyperparameters: All hyperparameters used, the best number of rounds included.
        steps: Number of rounds (boosted trees) or folds (other models) computed.
        started_s: Time at which the trial started, in seconds since 1970.
        duration_s: Duration of the trial, in seconds.
        earlier: Whether it was finished before this search started.
    """

    number: int
    state: Literal["complete", "pruned"]
    value: float
    hyperparameters: Mapping[str, Any]
    steps: int
    started_s: float
    duration_s: float
    earlier: bool


@dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    Attributes:
        study: Name of the study in the storage.
        best: The complete trial with the highest value.
        trials: All finished trials, in the study's order.
    """

    study: str
    best: TrialRecord
    trials: tuple[TrialRecord, ...]

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The best hyperparameters, as ``FitSettings`` takes them."""
        return dict(self.best.hyperparameters)


def optimize(
    data: Dataset,
    folds: Sequence[Fold],
    settings: FitSettings,
    how: SearchSettings,
    url: str,
    on_trial: Callable[[TrialRecord], None] = lambda trial: None,
) -> SearchResult:
    """Start or resume a search.

    Args:
        data: The table.
        folds: Folds of the cross-validation that scores each trial.
        settings: Which model. The search starts from its hyperparameters, and leaves those that are
            not in the search space unchanged.
        how: How to search.
        url: URL of Optuna's storage, see ``studies.optuna_url``.
        on_trial: Called in this process for each finished trial: first for the earlier ones, then
            for each as it finishes.

    Raises:
        TrainingError: The storage cannot be used, a hyperparameter is impossible, or a worker
            process died twice during the same trial. Finished trials are kept.
    """
    name = study_name(data, folds, settings, how.metric, how.pruning)
    search = SearchTask(data, folds, settings, how, url, name)
    study = _prepared_study(search)
    records: dict[int, TrialRecord] = {}

    def note(earlier: bool) -> None:
        for trial in finished_trials(study):
            if trial.number not in records:
                records[trial.number] = _record(trial, earlier)
                on_trial(records[trial.number])

    note(earlier=True)
    while missing := max(0, how.num_trials - len(finished_trials(study))):
        try:
            for _ in in_processes(partial(do_trial, search), range(missing), how.processes):
                note(earlier=False)
        except TrainingError as error:
            raise TrainingError(
                f"A trial of the search failed: {error} Finished trials are kept; run the same "
                "command again to resume."
            ) from error
    note(earlier=False)  # trials of another training that works on the same study
    trials = tuple(records[number] for number in sorted(records))
    complete_ones = [trial for trial in trials if trial.state == "complete"]
    return SearchResult(name, max(complete_ones, key=lambda trial: trial.value), trials)


def _prepared_study(search: SearchTask) -> "Study":
    """The study, created if it is new. Its first trial uses the given hyperparameters."""
    settings = search.settings
    start = complete(settings.model, settings.hyperparameters)
    space = search_distributions(model_kind(settings.model).search_space)
    fitting = {
        name: start[name]
        for name, distribution in space.items()
        if name in start and contains(distribution, start[name])
    }
    storage = open_storage(search.url)
    with study_lock(search.url):
        study = open_study(search, storage)
        if not finished_trials(study) and not _waiting(study):
            study.enqueue_trial(fitting)
            study.set_user_attr("model", settings.model)
            study.set_user_attr("score_metric", search.how.metric)
    return study


def _waiting(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.WAITING,))


def _record(trial: "FrozenTrial", earlier: bool) -> TrialRecord:
    from optuna.trial import TrialState

    return TrialRecord(
        number=trial.number,
        state="complete" if trial.state == TrialState.COMPLETE else "pruned",
        value=float(trial.value if trial.value is not None else np.nan),
        hyperparameters=trial.user_attrs[HYPERPARAMETERS],
        steps=len(trial.intermediate_values),
        started_s=trial.datetime_start.timestamp() if trial.datetime_start else 0.0,
        duration_s=trial.duration.total_seconds() if trial.duration else 0.0,
        earlier=earlier,
    )
