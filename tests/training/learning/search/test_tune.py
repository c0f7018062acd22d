"""A search can be killed, continued and shared, and gives up what is not promising."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from shared_features.params import PROJECT_ROOT
from tests.training.learning.small_tables import small_dataset, small_folds
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings
from training.learning.estimators.models import MODEL_MAPPER
from training.learning.search import studies
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
    """What does not depend on the clock or on failed trials between."""
    return [(trial.state, trial.value, trial.hyperparameters, trial.steps) for trial in trials]


# A process that is killed in the middle of its fourth trial, when one of three folds is done.
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
how = tune.SearchSettings(these.METRIC, 7, pruning=False)
tune.optimize(these.DATA, these.FOLDS, these.QUICK, how, sys.argv[1])
"""


def test_a_killed_search_goes_on_as_if_nothing_had_been(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is missing is done, with the very trials of a search that was never killed."""
    killed = subprocess.run(  # noqa: S603
        [sys.executable, "-c", KILLED_SEARCH, url("killed.db")], cwd=PROJECT_ROOT, check=False
    )
    assert killed.returncode == -9
    assert states(url("killed.db")) == ["COMPLETE"] * 3 + ["RUNNING"]
    # Nobody has given a sign of life for longer than this.
    monkeypatch.setattr(studies, "_GRACE_S", 1)
    monkeypatch.setattr(studies, "_HEARTBEAT_S", 1)
    time.sleep(2)
    how = SearchSettings(METRIC, 7, pruning=False)
    seen: list[TrialRecord] = []
    result = optimize(DATA, FOLDS, QUICK, how, url("killed.db"), seen.append)
    assert states(url("killed.db")).count("COMPLETE") == 7
    assert "RUNNING" not in states(url("killed.db"))
    assert [trial.earlier for trial in seen] == [True] * 3 + [False] * 4
    uninterrupted = optimize(DATA, FOLDS, QUICK, how, url("whole.db"))
    assert essence(result.trials) == essence(uninterrupted.trials)


def test_a_finished_search_does_nothing_more_until_more_is_asked(url: Url) -> None:
    """The number of trials is not part of what a search is."""
    three, five = SearchSettings(METRIC, 3), SearchSettings(METRIC, 5)
    first = optimize(DATA, FOLDS, QUICK, three, url("o.db"))
    again = optimize(DATA, FOLDS, QUICK, three, url("o.db"))
    assert essence(again.trials) == essence(first.trials)
    assert all(trial.earlier for trial in again.trials)
    more = optimize(DATA, FOLDS, QUICK, five, url("o.db"))
    assert essence(more.trials)[:3] == essence(first.trials)
    assert [trial.earlier for trial in more.trials] == [True] * 3 + [False] * 2


def test_bad_trials_are_given_up_after_a_few_rounds(url: Url) -> None:
    """And the best one was not given up; what it says is enough to repeat its score."""
    result = optimize(DATA, FOLDS, XGB, SearchSettings(METRIC, 14), url("o.db"))
    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.steps < 25 for trial in pruned)
    assert all(trial.state == "complete" for trial in result.trials[:5])
    assert result.best.value == max(t.value for t in result.trials if t.state == "complete")
    best = replace(XGB, hyperparameters=result.hyperparameters)
    assert boosted_curve(DATA, FOLDS, best, METRIC).scores[-1] == result.best.value


def test_without_pruning_every_trial_is_complete(url: Url) -> None:
    """The first one starts from what was given."""
    how = SearchSettings(METRIC, 7, pruning=False)
    result = optimize(DATA, FOLDS, XGB, how, url("o.db"))
    assert {trial.state for trial in result.trials} == {"complete"}
    first = result.trials[0].hyperparameters
    assert {**first, ROUNDS: 25} == {**MODEL_MAPPER["xgb"].defaults, ROUNDS: 25}


def test_two_processes_do_exactly_what_is_asked(url: Url) -> None:
    """On one study, each of its trials reported to the process that asked."""
    seen: list[TrialRecord] = []
    how = SearchSettings(METRIC, 9, processes=2)
    result = optimize(DATA, FOLDS, QUICK, how, url("o.db"), seen.append)
    assert len(result.trials) == len(seen) == 9
    assert {*states(url("o.db"))} <= {"COMPLETE", "PRUNED"}
    values = [str(trial.hyperparameters) for trial in result.trials]
    assert len(set(values)) == 9


@pytest.mark.parametrize("model", ["svm_rbf", "random_forest"])
def test_models_without_rounds_are_searched_fold_by_fold(url: Url, model: str) -> None:
    """A step is a fold."""
    settings = FitSettings(model, seed=1)
    if model == "random_forest":
        settings = replace(settings, hyperparameters={"max_depth": 3})
    result = optimize(DATA, FOLDS, settings, SearchSettings(METRIC, 2), url("o.db"))
    assert [trial.steps for trial in result.trials] == [len(FOLDS)] * 2
    # What the search space does not name stays as it was given.
    assert settings.hyperparameters.items() <= result.hyperparameters.items()


def test_an_impossible_hyperparameter_ends_the_search(url: Url) -> None:
    """Although it shows in another process only."""
    settings = replace(QUICK, hyperparameters={"tol": -5})
    with pytest.raises(TrainingError, match="'tol'"):
        optimize(DATA, FOLDS, settings, SearchSettings(METRIC, 2, processes=2), url("o.db"))


def test_a_storage_that_cannot_be_used_is_a_message(tmp_path: Path) -> None:
    """It names the setting, and no secret."""
    (tmp_path / "file").write_text("in the way")
    for url in (f"sqlite:///{tmp_path}/file/optuna.db", "nonsense://me:secret@host/x"):
        with pytest.raises(TrainingError, match="optuna_storage") as raised:
            optimize(DATA, FOLDS, QUICK, SearchSettings(METRIC, 1), url)
        assert "secret" not in str(raised.value)


def test_a_study_is_known_by_its_data_and_settings() -> None:
    """A resumed search never mixes with another one."""
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
    """Its tables are made once."""
    code = (
        "import sys; from training.learning.search.studies import open_storage as o; o(sys.argv[1])"
    )
    command = [sys.executable, "-c", code, url("new.db")]
    started = [subprocess.Popen(command, cwd=PROJECT_ROOT) for _ in range(3)]  # noqa: S603
    assert [process.wait() for process in started] == [0, 0, 0]
    assert open_storage(url("new.db")).get_all_studies() == []
