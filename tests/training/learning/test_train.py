"""From a labelled table to a registered model, its champion, and back."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared_features.classify.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT
from tests.training.learning.projects import Project, say_nothing
from training.data.split_table import SPLIT_FILE
from training.data.splits import save_split
from training.data.training_data import read_training_data
from training.errors import DatasetError, PromotionError, TrainingError
from training.learning.estimators.fitting import fit_settings
from training.learning.evaluation.held_out import HeldOut
from training.learning.evaluation.out_of_fold import OutOfFold
from training.learning.evaluation.summary import evaluate
from training.learning.pose_gate import PoseGate
from training.learning.registry.model_registry import Deployment, Registry
from training.learning.registry.promotion import promote, rollback
from training.learning.registry.tracking import connect
from training.learning.train import OUT_OF_FOLD_FILE, REPORT_FILE, train
from training.learning.training_key import trained_before
from training.params import TrainingParams
from training.recordings.content_hashes import content_sha256


def tracked(project: Project) -> TrainingParams:
    return project.params[1]


def files_of(project: Project, version: str, folder: Path) -> Deployment:
    registry = Registry(tracked(project).tracking)
    return registry.files(registry.version(version), folder)


def test_runs_are_nested(trained: Project) -> None:
    """One run contains the search with a run per trial, the cross-validation and both trainings."""
    client = connect(tracked(trained).tracking)
    runs = client.search_runs(
        [
            experiment.experiment_id
            for experiment in client.search_experiments()
            if experiment.name == tracked(trained).tracking.experiment
        ]
    )
    names = {run.info.run_id: run.info.run_name for run in runs}
    nested = Counter(
        (names.get(run.data.tags.get("mlflow.parentRunId", "")), run.info.run_name) for run in runs
    )
    search = "Hyperparameter_Optimization"
    (main,) = (name for name in names.values() if name.startswith("Main_Pipeline_Run"))
    assert nested[(None, main)] == 1
    for name in (search, "Grouped_Cross_Validation", "Retrain_on_Train_Dataset"):
        assert nested[(main, name)] == 1
    assert nested[(main, "Prod_Model_FULL_Dataset_Train")] == 1
    assert [nested[(search, f"Trial_{number}")] for number in range(3)] == [1, 1, 1]
    assert all(run.info.status == "FINISHED" for run in runs)


def test_artifacts_and_metrics_are_there(trained: Project) -> None:
    """Figures, report, importances, mistakes and study are logged, and scores per label."""
    client = connect(tracked(trained).tracking)
    experiment = client.get_experiment_by_name(tracked(trained).tracking.experiment)
    assert experiment is not None
    by_name = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    retrained = by_name["Retrain_on_Train_Dataset"]
    files = {file.path for file in client.list_artifacts(retrained.info.run_id)}
    assert files >= {
        "roc_curves.png",
        "precision_recall_curves.png",
        "confusion_matrix.png",
        "calibration_curve.png",
        "classification_report.txt",
        "feature_importances.png",
    }
    assert "back_lever.f1" in retrained.data.metrics
    assert {"f1_macro", "f1_weighted", "precision_macro"} <= set(retrained.data.metrics)
    (main,) = (run for name, run in by_name.items() if name.startswith("Main_Pipeline_Run 20"))
    assert main.info.run_name.endswith(" xgb, 3 trials"), "runs in a list can be told apart"
    assert main.data.tags["mlflow.source.git.commit"] == main.data.tags["git.commit"]
    assert {"served_accuracy", "served_coverage"} <= set(main.data.metrics)
    main_files = {file.path for file in client.list_artifacts(main.info.run_id)}
    assert main_files >= {"report.html", "out_of_fold.npz", "environment.json", "mistakes"}
    assert len(main.data.tags["git.commit"]) == 40
    assert main.inputs.dataset_inputs
    search = by_name["Hyperparameter_Optimization"]
    study = {file.path for file in client.list_artifacts(search.info.run_id)}
    assert {"optuna_study.json", "optuna_study.db"} <= study
    trial = by_name["Trial_0"]
    took_s = (trial.info.end_time - trial.info.start_time) / 1000
    assert took_s == pytest.approx(trial.data.metrics["duration_s"], abs=0.01)
    assert trial.info.end_time <= search.info.end_time


def test_the_same_table_and_settings_are_not_trained_on_again(trained: Project) -> None:
    """A change to either leads to a new model."""
    training_data, shared, params = trained.training_input()
    assert trained_before(training_data, shared, params) == "1"
    how = params.model_training.model_copy(update={"seed": 1})
    changed = params.model_copy(update={"model_training": how})
    assert trained_before(training_data, shared, changed) is None
    other_table = replace(training_data, sha256="0" * 64)
    assert trained_before(other_table, shared, params) is None


def test_the_report_can_be_read_without_mlflow(trained: Project) -> None:
    """It is one self-contained page with scores, label balance and figures."""
    page = (tracked(trained).data.results / REPORT_FILE).read_text(encoding="utf-8")
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert page.count("data:image/png;base64,") >= 5
    for words in ("Held-out recordings", "front lever", "Weight per frame", "Worst mistakes"):
        assert words in page


def test_every_frame_is_predicted_by_a_model_that_has_not_seen_its_recording(
    trained: Project,
) -> None:
    """The stored predictions cover every frame once, and each recording is in one fold."""
    data = read_training_data(*trained.params).dataset
    stored = OutOfFold.load(tracked(trained).data.results / OUT_OF_FOLD_FILE)
    real = ~data.augmented
    assert stored.predictions.filenames.tolist() == data.filenames[real].tolist()
    assert np.allclose(stored.predictions.probabilities.sum(axis=1), 1, atol=1e-5)
    folds_of_recording = {
        name: set(stored.fold_of_row[stored.predictions.filenames == name].tolist())
        for name in set(stored.predictions.filenames.tolist())
    }
    assert all(len(folds) == 1 for folds in folds_of_recording.values())


def test_the_development_model_has_not_learned_from_the_held_out_recordings(
    trained: Project, tmp_path: Path
) -> None:
    """Its training groups and the held-out groups are disjoint."""
    files = files_of(trained, "1", tmp_path)
    held_out = HeldOut.load(files.held_out)
    learned_from = json.loads(files.learned_from.read_text())
    assert len(held_out) > 0
    assert not set(held_out.groups.tolist()) & set(learned_from)
    contract = PoseClassifier(files.model).contract
    assert contract.metrics["frames"] == len(held_out)
    score = evaluate(held_out.predictions(PoseClassifier(files.development))).f1_macro
    assert contract.metrics["macro_f1"] == pytest.approx(score, abs=1e-4)


def test_a_model_is_promoted_compared_refused_forced_and_rolled_back(tmp_path: Path) -> None:
    """The gate compares on recordings new to both models; the served file follows the champion."""
    project = Project(tmp_path / "project")
    project.add_recordings(10, seed=2)
    project.combine()
    params = tracked(project)
    train(*project.training_input(), say_nothing)
    output = params.promotion.output
    output.parent.mkdir()
    output.write_bytes(files_of(project, "1", tmp_path / "one").development.read_bytes())
    before = content_sha256(output)

    first = promote(params.tracking, params.promotion, PoseGate(), None, force=True)
    assert first.version == "1"
    assert first.previous == "2", "the served file is registered as a version"
    again = promote(params.tracking, params.promotion, PoseGate(), None, force=True)
    assert again.version == "1", "an adopted file does not count as trained"
    assert content_sha256(output) == content_sha256(files_of(project, "1", tmp_path / "a").model)

    worse = Project(
        project.root,
        model_training={"hyperparameters": {"xgb": {"n_estimators": 1, "max_depth": 1}}},
    )
    train(*worse.training_input(), say_nothing)
    with pytest.raises(
        PromotionError, match=r"worse than the champion in macro F1|what serving would"
    ):
        promote(params.tracking, params.promotion, PoseGate(), None, force=False)
    registry = Registry(params.tracking)
    assert registry.champion() == "1"
    forced = promote(params.tracking, params.promotion, PoseGate(), "3", force=True)
    assert (forced.version, forced.previous) == ("3", "1")
    assert content_sha256(output) == forced.sha256

    assert rollback(params.tracking, params.promotion, PoseGate()).version == "1"
    assert rollback(params.tracking, params.promotion, PoseGate()).version == "2"
    assert content_sha256(output) == before
    with pytest.raises(PromotionError, match="no other champion"):
        rollback(params.tracking, params.promotion, PoseGate())


def test_a_damaged_file_and_an_unknown_version_are_not_promoted(
    trained: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the exact file that passed the gate can be promoted."""
    params = tracked(trained)
    with pytest.raises(PromotionError, match="no version 99"):
        promote(params.tracking, params.promotion, PoseGate(), "99", force=True)
    files = files_of(trained, "1", tmp_path)
    damaged = replace(files, folder=tmp_path / "damaged")
    damaged.folder.mkdir()
    damaged.model.write_bytes(files.model.read_bytes()[:-1])
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "files", lambda *_: damaged)
        with pytest.raises(PromotionError, match="not the file that passed the parity gate"):
            promote(params.tracking, params.promotion, PoseGate(), "1", force=True)
    assert not params.promotion.output.exists()


def test_tables_that_cannot_be_trained_on_are_refused(tmp_path: Path) -> None:
    """Without a table, or with only one label, the message says what to do."""
    project = Project(tmp_path)
    with pytest.raises(DatasetError, match="combine-features"):
        train(*project.training_input(), say_nothing)
    project.add_recordings(4, seed=3, relabel=lambda label: "back lever")
    project.combine()
    with pytest.raises(DatasetError, match="back lever"):
        train(*project.training_input(), say_nothing)


def test_a_label_that_is_only_held_out_is_refused(tmp_path: Path) -> None:
    """The message comes before any work, with the file in which its recordings were moved."""
    project = Project(tmp_path)
    project.add_recordings(3, seed=3, relabel=lambda label: "back lever")
    project.add_recordings(3, seed=5, relabel=lambda label: "front lever")
    project.add_recordings(2, seed=6, relabel=lambda label: "l-hang")
    project.combine()
    table = tracked(project).data.final_features / SPLIT_FILE
    save_split(table, read_training_data(*project.params).split)
    text = table.read_text(encoding="utf-8")
    table.write_text(re.sub(r"(video_routine_6_.*),train", r"\1,held out", text), encoding="utf-8")
    with pytest.raises(DatasetError, match=rf"held-out.*: l-hang\..* in {re.escape(str(table))}"):
        train(*project.training_input(), say_nothing)
    assert Registry(tracked(project).tracking).versions() == []


def test_poses_without_recordings_are_named(tmp_path: Path) -> None:
    """A model knows only the poses in its table, and the note says which of the others it lacks."""
    project = Project(tmp_path)
    project.add_recordings(2, seed=3, relabel=lambda label: "back lever")
    project.add_recordings(2, seed=5, relabel=lambda label: "front lever")
    project.combine()
    data = read_training_data(*project.params)
    lacking = [pose for pose in project.params[0].labels.poses if "lever" not in pose]
    assert any(f"unknown to the model: {', '.join(lacking)}." in note for note in data.warnings)


def test_an_unknown_hyperparameter_is_named(tmp_path: Path) -> None:
    """The message suggests the nearest name."""
    project = Project(tmp_path, model_training={"hyperparameters": {"xgb": {"max_dept": 3}}})
    with pytest.raises(TrainingError, match=r"'max_dept' is not known.*max_depth"):
        fit_settings(project.params[1])


def test_a_second_training_is_refused_with_who_and_since_when(tmp_path: Path) -> None:
    """Two on one folder would share a study and run its trials twice."""
    project = Project(tmp_path, model_training={"train_prod_model": False})
    project.add_recordings(8, seed=4)
    project.combine()
    command = [sys.executable, "-m", "training", "train", "--params", str(project.params_path)]
    processes = [
        subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        for _ in range(2)
    ]
    ended = {process.pid: process.communicate()[1].decode() for process in processes}
    codes = {process.pid: process.returncode for process in processes}
    # One may have ended before the other one started.
    if sorted(codes.values()) == [0, 2]:
        (refused,) = (said for pid, said in ended.items() if codes[pid] == 2)
        (at_it,) = (pid for pid, code in codes.items() if code == 0)
        assert re.search(rf"A training is running .*: process {at_it} of .*, since 20", refused)
    else:
        assert set(codes.values()) == {0}, ended
    assert len(Registry(tracked(project).tracking).versions()) == 1


KILLED_TRAINING = """
import sys
from pathlib import Path
from training.learning.registry import tracking
from training.params import load_training

params = load_training(Path(sys.argv[1])).tracking
tracking.connect(params)
with tracking.run("Main", nested=False), tracking.run("Trial"):
    print("running", flush=True)
    sys.stdin.read()
"""


def test_the_runs_of_a_killed_process_are_closed(tmp_path: Path) -> None:
    """A killed process cannot end its runs; the next command marks them as killed."""
    project = Project(tmp_path)
    command = [sys.executable, "-c", KILLED_TRAINING, str(project.params_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=pipe, stdout=pipe) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == b"running\n"
        assert statuses(project) == ["RUNNING"] * 2
        connect(tracked(project).tracking)
        assert statuses(project) == ["RUNNING"] * 2, "its process is alive"
        process.kill()
    assert statuses(project) == ["KILLED"] * 2


def statuses(project: Project) -> list[str]:
    """The status of every run."""
    params = tracked(project).tracking
    client = connect(params)
    experiment = client.get_experiment_by_name(params.experiment)
    assert experiment is not None
    return [str(run.info.status) for run in client.search_runs([experiment.experiment_id])]
