"""A search can be killed, resumed and shared, and prunes bad trials."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from shared_features.params import PROJECT_ROOT
from tests.training.learning.small_tables import small_dataset, small_folds
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings
from training.learning.estimators.models import MODEL_MAPPER
from training.learning.search.boosting import ROUNDS, boosted_curve
from training.learning.search.studies import open_storage, study_name
from training.learning.search.tune import SearchSettings, TrialRecord, optimize

DATA = small_dataset(180)
FOLDS = small_folds(DATA)
XGB = FitSettings("xgb", seed=1, hyperparameters={ROUNDS: 25})
QUICK = FitSettings("logistic_regression", seed=1)
METRIC = "f1_macro"

Url = Callable[[str], str]


@pytest.fixture
def url(tmp_path: Path) -> Url:
    return lambda name: f"sqlite:///{tmp_path / name}"


def states(url: str) -> list[str]:
    storage = open_storage(url)
    (_study,) = optuna.get_all_study_summaries(storage)
    return [t.state.name for t in optuna.load_study(study_name=None, storage=storage).trials]


def essence(trials: tuple[TrialRecord, ...]) -> list[object]:
    """Everything about trials that does not depend on the clock or on failed trials in between."""
    return [(trial.state, trial.value, trial.hyperparameters, trial.steps) for trial in trials]


# A process that is killed in the middle of its fourth trial, after one of three folds.
KILLED_SEARCH = """
import os, signal, sys
import tests.training.learning.search.test_tune as these
from training.learning.search import trials, tune

scored = 0

def score_or_die(*arguments):
    global scored
    scored += 1
    if scored == 3 * 3 + 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return score(*arguments)

score, trials.score = trials.score, score_or_die
how = tune.SearchSettings(these.METRIC, 5, pruning=False)
tune.optimize(these.DATA, these.FOLDS, these.QUICK, how, sys.argv[1])
"""


def test_a_killed_search_resumes_with_the_trials_of_an_uninterrupted_one(
    url: Url, tmp_path: Path
) -> None:
    """Only the missing trials run, once the dead process has not sent a heartbeat for long."""
    killed = subprocess.run(  # noqa: S603
        [sys.executable, "-c", KILLED_SEARCH, url("killed.db")], cwd=PROJECT_ROOT, check=False
    )
    assert killed.returncode == -9
    assert states(url("killed.db")) == ["COMPLETE"] * 3 + ["RUNNING"]
    with closing(sqlite3.connect(tmp_path / "killed.db")) as database, database:
        database.execute("UPDATE trial_heartbeats SET heartbeat = '2000-01-01 00:00:00'")
    how = SearchSettings(METRIC, 5, pruning=False)
    seen: list[TrialRecord] = []
    result = optimize(DATA, FOLDS, QUICK, how, url("killed.db"), seen.append)
    assert states(url("killed.db")).count("COMPLETE") == 5
    assert "RUNNING" not in states(url("killed.db"))
    assert [trial.earlier for trial in seen] == [True] * 3 + [False] * 2
    uninterrupted = optimize(DATA, FOLDS, QUICK, how, url("whole.db"))
    assert essence(result.trials) == essence(uninterrupted.trials)


def test_a_finished_search_runs_more_trials_only_when_asked(url: Url) -> None:
    """The number of trials is not part of the name of a study."""
    three, five = SearchSettings(METRIC, 3), SearchSettings(METRIC, 5)
    first = optimize(DATA, FOLDS, QUICK, three, url("o.db"))
    again = optimize(DATA, FOLDS, QUICK, three, url("o.db"))
    assert essence(again.trials) == essence(first.trials)
    assert all(trial.earlier for trial in again.trials)
    more = optimize(DATA, FOLDS, QUICK, five, url("o.db"))
    assert essence(more.trials)[:3] == essence(first.trials)
    assert [trial.earlier for trial in more.trials] == [True] * 3 + [False] * 2


def test_bad_trials_are_pruned_after_a_few_rounds(url: Url) -> None:
    """The best trial is not pruned, and its hyperparameters reproduce its score."""
    result = optimize(DATA, FOLDS, XGB, SearchSettings(METRIC, 10), url("o.db"))
    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.steps < 25 for trial in pruned)
    assert all(trial.state == "complete" for trial in result.trials[:5])
    assert result.best.value == max(t.value for t in result.trials if t.state == "complete")
    best = replace(XGB, hyperparameters=result.hyperparameters)
    assert boosted_curve(DATA, FOLDS, best, METRIC).scores[-1] == result.best.value


def test_without_pruning_every_trial_is_complete(url: Url) -> None:
    """The first one uses the given hyperparameters."""
    how = SearchSettings(METRIC, 6, pruning=False)
    result = optimize(DATA, FOLDS, XGB, how, url("o.db"))
    assert {trial.state for trial in result.trials} == {"complete"}
    first = result.trials[0].hyperparameters
    assert {**first, ROUNDS: 25} == {**MODEL_MAPPER["xgb"].defaults, ROUNDS: 25}


def test_two_processes_run_exactly_as_many_trials_as_asked(url: Url) -> None:
    """They share a study, and every trial is reported to the process that asked."""
    seen: list[TrialRecord] = []
    how = SearchSettings(METRIC, 6, processes=2)
    result = optimize(DATA, FOLDS, QUICK, how, url("o.db"), seen.append)
    assert len(result.trials) == len(seen) == 6
    assert {*states(url("o.db"))} <= {"COMPLETE", "PRUNED"}
    values = [str(trial.hyperparameters) for trial in result.trials]
    assert len(set(values)) == 6


@pytest.mark.parametrize("model", ["svm_rbf", "random_forest"])
def test_models_without_rounds_are_searched_fold_by_fold(url: Url, model: str) -> None:
    """A step is a fold."""
    settings = FitSettings(model, seed=1)
    if model == "random_forest":
        settings = replace(settings, hyperparameters={"max_depth": 3})
    result = optimize(DATA, FOLDS, settings, SearchSettings(METRIC, 2), url("o.db"))
    assert [trial.steps for trial in result.trials] == [len(FOLDS)] * 2
    # Hyperparameters that are not in the search space keep their given values.
    assert settings.hyperparameters.items() <= result.hyperparameters.items()


def test_an_impossible_hyperparameter_ends_the_search(url: Url) -> None:
    """The message reaches this process although the error is in another one."""
    settings = replace(QUICK, hyperparameters={"tol": -5})
    with pytest.raises(TrainingError, match="'tol'"):
        optimize(DATA, FOLDS, settings, SearchSettings(METRIC, 2, processes=2), url("o.db"))


def test_a_storage_that_cannot_be_used_is_a_message(tmp_path: Path) -> None:
    """The message names the setting, but not the password."""
    (tmp_path / "file").write_text("in the way")
    for url in (f"sqlite:///{tmp_path}/file/optuna.db", "nonsense://me:secret@host/x"):
        with pytest.raises(TrainingError, match="optuna_storage") as raised:
            optimize(DATA, FOLDS, QUICK, SearchSettings(METRIC, 1), url)
        assert "secret" not in str(raised.value)


def test_the_name_of_a_study_depends_on_data_and_settings() -> None:
    """A resumed search never mixes with a different one."""
    name = study_name(DATA, FOLDS, XGB, METRIC, pruning=True)
    assert name == study_name(small_dataset(180), small_folds(DATA), XGB, METRIC, pruning=True)
    other = small_dataset(180, seed=5)
    others = {
        study_name(other, small_folds(other), XGB, METRIC, pruning=True),
        study_name(DATA, small_folds(DATA, 4), XGB, METRIC, pruning=True),
        study_name(DATA, FOLDS, replace(XGB, seed=2), METRIC, pruning=True),
        study_name(DATA, FOLDS, replace(XGB, class_weights="none"), METRIC, pruning=True),
        study_name(DATA, FOLDS, replace(XGB, hyperparameters={}), METRIC, pruning=True),
        study_name(DATA, FOLDS, QUICK, METRIC, pruning=True),
        study_name(DATA, FOLDS, XGB, "accuracy", pruning=True),
        study_name(DATA, FOLDS, XGB, METRIC, pruning=False),
    }
    assert len(others) == 8
    assert name not in others


def test_a_new_file_may_be_opened_by_several_at_once(url: Url) -> None:
    """Its tables are created once."""
    code = (
        "import sys; from training.learning.search.studies import open_storage as o; o(sys.argv[1])"
    )
    command = [sys.executable, "-c", code, url("new.db")]
    started = [subprocess.Popen(command, cwd=PROJECT_ROOT) for _ in range(2)]  # noqa: S603
    assert [process.wait() for process in started] == [0, 0]
    assert open_storage(url("new.db")).get_all_studies() == []
