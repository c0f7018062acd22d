"""The search for better hyperparameters, with Optuna.

Every trial is a cross-validation; its value is one score over all tested rows. Trials that are
worse than half of the others at the same point are given up early: boosted trees round by round,
other models fold by fold.

A search can be stopped or killed at any moment. Started again with the same data and settings, it
does what is missing. With one process it ends with the very trials of a search that was never
stopped; several processes share a study, and then the order in which they finish has a part in what
is tried next.
"""

import pickle
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

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
    Search,
    SearchSettings,
    do_stored_trial,
    do_trial,
    finished_trials,
    open_study,
)
from training.runtime.workers import Failed, Workers, each_done

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

__all__ = ["SearchResult", "SearchSettings", "TrialRecord", "optimize"]


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
    search = Search(data, folds, settings, how, url, name)
    study = _prepared_study(search)
    records: dict[int, TrialRecord] = {}

    def note(earlier: bool) -> None:
        for trial in finished_trials(study):
            if trial.number not in records:
                records[trial.number] = _record(trial, earlier)
                on_trial(records[trial.number])

    note(earlier=True)
    while missing := max(0, how.num_trials - len(finished_trials(study))):
        for _ in _trials_done(search, missing):
            note(earlier=False)
    note(earlier=False)  # another training may have had a part in the same search
    trials = tuple(records[number] for number in sorted(records))
    complete_ones = [trial for trial in trials if trial.state == "complete"]
    return SearchResult(name, max(complete_ones, key=lambda trial: trial.value), trials)


def _trials_done(search: Search, missing: int) -> Iterator[None]:
    """Yields after each trial."""
    jobs = range(missing)
    if search.how.processes == 1:
        for job in jobs:
            do_trial(search, job)
            yield
        return
    # Not sent to the workers but read by them: a worker that dies before it has taken what it is
    # sent would leave the sender waiting.
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "search.pickle"
        stored.write_bytes(pickle.dumps(search))
        workers = Workers(processes=search.how.processes)
        task = partial(do_stored_trial, stored)
        results = each_done(task, jobs, stored.parent, workers)
        # A generator, whose workers end with it.
        with closing(cast("Generator[tuple[int, bool | Failed], None, None]", results)):
            for _, result in results:
                if isinstance(result, Failed):
                    raise TrainingError(
                        f"A trial of the search failed: {result.reason}. Finished trials are kept; "
                        "run the same command again to go on from there."
                    )
                yield


def _prepared_study(search: Search) -> "Study":
    """The study, made if it is new. Its first trial starts from the given hyperparameters."""
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
        duration_s=trial.duration.total_seconds() if trial.duration else 0.0,
        earlier=earlier,
    )
