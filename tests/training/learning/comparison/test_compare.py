"""Models are compared on any labelled table, and copies never help."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from shared_features.params import PROJECT_ROOT
from training.cli.compare import app
from training.errors import DatasetError, TrainingError
from training.learning.comparison.cross_validation import METRICS, compare_models, repeated_splits
from training.learning.comparison.files import write_comparison
from training.learning.comparison.labelled_table import read_labelled_table
from training.learning.estimators.fitting import FitSettings
from training.learning.estimators.models import MODEL_MAPPER

LINEAR = [FitSettings("logistic_regression", seed=1)]


def small_frame(n_rows: int = 90) -> pd.DataFrame:
    """Three labels that one number and one text tell apart, and many useless columns."""
    random = np.random.default_rng(0)
    codes = np.arange(n_rows) % 3
    frame = pd.DataFrame(
        {
            "row": np.arange(n_rows) + 1,
            "who": [f"person {number}" for number in random.permutation(n_rows)],
            "day": pd.date_range("2024-01-01", periods=n_rows).strftime("%Y-%m-%d"),
            "always": "the same",
            "nothing": np.nan,
            "height": codes % 2 + random.normal(scale=0.2, size=n_rows),
            "grip": np.where(codes == 2, "false grip", random.choice(["wrist", "palm"], n_rows)),
            "sure": random.random(n_rows) < 0.5,
            "pose": np.array(["flag", "lever", "hang"])[codes],
        }
    )
    frame.loc[::7, "height"] = np.nan
    frame.loc[::9, "grip"] = None
    return frame


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    small_frame().to_csv(path, index=False)
    return path


def test_columns_that_say_nothing_are_left_out_and_named(table: Path) -> None:
    """These are row numbers, names, dates, constants and empty columns, each with its reason."""
    read = read_labelled_table(table, "pose")
    assert read.numeric == ("height", "sure")
    assert read.text == ("grip",)
    assert read.left_out == {
        "row": "numbers the rows",
        "who": "90 different texts in 90 rows",
        "day": "dates",
        "always": "always 'the same'",
        "nothing": "empty",
    }
    assert read.labels == ("flag", "hang", "lever")


def test_texts_and_gaps_become_numbers(table: Path) -> None:
    """An unknown text sets none of the columns of the known ones."""
    read = read_labelled_table(table, "pose")
    encoder = read.encoder().fit(read.frame.iloc[:45])
    rows = read.frame.iloc[45:].copy()
    rows["grip"] = "never seen"
    encoded = encoder.transform(rows)
    assert encoded.shape == (45, 2 + 4)
    assert (encoded[:, 2:] == 0).all()
    assert np.isnan(encoded[:, 0]).any()


@pytest.mark.parametrize("model", MODEL_MAPPER)
def test_every_model_learns_from_any_table(table: Path, model: str) -> None:
    """Tables may hold texts, booleans and missing values."""
    hyperparameters = {} if model in ("svm_rbf", "logistic_regression") else {"n_estimators": 20}
    settings = FitSettings(model, seed=1, hyperparameters=hyperparameters)
    (scores,) = compare_models(read_labelled_table(table, "pose"), [settings], 3, 2, processes=1)
    assert {metric: len(scores.scores[metric]) for metric in METRICS} == dict.fromkeys(METRICS, 6)
    assert 0.7 < scores.mean("accuracy") <= 1
    assert scores.confusion.sum() == 2 * 90


def test_groups_and_copies_are_kept_apart(tmp_path: Path) -> None:
    """Augmented rows are for training only, and a group is never split."""
    frame = small_frame()
    frame["group"] = np.arange(90) // 3
    frame["augmented"] = 0
    frame = pd.concat([frame, frame.assign(augmented=1)])
    frame.to_csv(tmp_path / "table.csv", index=False)
    read = read_labelled_table(tmp_path / "table.csv", "pose", group="group", drop=["row", "who"])
    splits = repeated_splits(read, 5, 2, seed=3)
    for fold in splits:
        assert not read.augmented[fold.test].any()
        assert read.augmented[fold.train].any()
        assert not set(read.groups[fold.train]) & set(read.groups[fold.test])
    tested = np.concatenate([fold.test for fold in splits])
    assert sorted(tested) == sorted([*range(90), *range(90)])
    with pytest.raises(DatasetError, match="--group"):
        read_labelled_table(tmp_path / "table.csv", "pose")


def test_results_are_written_as_tables_and_a_figure(table: Path, tmp_path: Path) -> None:
    """The counts of each class add up to all rows of all repeats."""
    read = read_labelled_table(table, "pose")
    compared = compare_models(read, LINEAR, 3, 2, processes=1)
    performance, confusion, figure = write_comparison(compared, read.labels, tmp_path / "out")
    scores = pd.read_csv(performance)
    assert list(scores.columns) == [
        "model",
        *(f"{metric}_{what}" for metric in METRICS for what in ("mean", "std")),
    ]
    counts = pd.read_csv(confusion)
    assert list(counts["class"]) == list(read.labels)
    columns = ["true_positives", "false_positives", "false_negatives", "true_negatives"]
    assert (counts[columns].sum(axis=1) == 2 * 90).all()
    assert counts["true_positives"].sum() / 180 == pytest.approx(scores["accuracy_mean"][0])
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "cannot be read as a table"),
        ("\x00\xff\xfe", {}, "cannot be read as a table"),
        ("a;b\n1;2\n", {}, "has 1 column.*commas"),
        ("a,pose\n", {}, "no rows"),
        ("a,pose\n1,x\n2,y\n", {"target": "poze"}, r"no column 'poze' \(did you mean 'pose'\?\)"),
        ("a,pose\n1,x\n2,y\n", {"group": "grp", "drop": ["b"]}, "'grp', nor 'b'"),
        ("a,pose\n1,x\n2,x\n", {}, "has 1 label in 2 rows"),
        ("a,pose\n1,x\n1,y\n", {}, r"no column to learn from\. .*a \(always 1\)"),
        ("a,augmented,pose\n1,7,x\n2,0,y\n", {"group": "a"}, "must hold 0 and 1"),
    ],
)
def test_what_is_no_labelled_table_is_refused(
    tmp_path: Path, content: str, options: dict[str, str], message: str
) -> None:
    """The message states what was expected, and suggests the nearest name."""
    path = tmp_path / "table.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(DatasetError, match=message):
        read_labelled_table(path, **{"target": "pose", **options})


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(DatasetError, match=r"There is no table .*none\.csv"):
        read_labelled_table(tmp_path / "none.csv", "pose")


@pytest.mark.parametrize(
    ("group", "message"), [(None, r"Fewer rows .*'rare' \(4\)"), ("club", r"Fewer groups")]
)
def test_labels_too_rare_to_be_in_every_part_are_named(
    tmp_path: Path, group: str | None, message: str
) -> None:
    """Their rows are counted, or their groups if there are any."""
    frame = small_frame()
    frame.loc[:3, "pose"] = "rare"
    frame["club"] = np.arange(90) // 2
    frame.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(DatasetError, match=message):
        compare_models(read_labelled_table(tmp_path / "table.csv", "pose", group), LINEAR, 5, 1)


def test_the_command_prints_and_writes(table: Path, tmp_path: Path) -> None:
    """It names the columns and prints a line per model; one process gets the same scores."""
    arguments = ["--table", str(table), "--target", "pose", "--drop", "sure,row"]
    arguments += ["--models", "logistic_regression,svm_rbf", "--folds", "3", "--repeats", "1"]
    arguments += ["--out", str(tmp_path / "out"), "--seed", "1"]
    arguments += ["--params", str(PROJECT_ROOT / "params.yaml")]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert re.search(r"logistic_regression +\d+\.\d ± \d+\.\d", done.stdout)
    assert str(tmp_path / "out" / "comparison.png") in done.stdout
    assert "Left out: who (90 different texts in 90 rows)" in done.stderr
    assert "2 columns: height, grip" in done.stderr
    read = read_labelled_table(table, "pose", drop=["sure", "row"])
    (alone,) = compare_models(read, LINEAR, 3, 1, processes=1)
    written = pd.read_csv(tmp_path / "out" / "performance_metrics.csv")
    for metric in set(METRICS) - {"fit_time_s"}:
        assert written[f"{metric}_mean"][0] == pytest.approx(alone.mean(metric), abs=1e-6)


def test_the_command_refuses_unknown_models_before_it_reads(tmp_path: Path) -> None:
    """The message suggests the nearest known one."""
    arguments = ["--table", str(tmp_path / "none.csv"), "--target", "x", "--models", "svm_rfb"]
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, TrainingError)
    assert "did you mean 'svm_rbf'" in str(done.exception)


@pytest.mark.parametrize(
    ("file", "least"),
    [("player_skill.csv", 0.987), ("player_skill_original.csv", 0.985)],
)
def test_figures_on_a_real_table(
    shared_data: Callable[[str], Path], file: str, least: float
) -> None:
    """The stated result of the table's own project, 98.7 % with an RBF machine, is reached.

    Its table was balanced before it was split: the rows made up for it lie between rows on both
    sides. The table before balancing has columns that give the label away instead.
    """
    table = read_labelled_table(shared_data(f"tabular/{file}"), "skill_level")
    trees = {"n_estimators": 50}
    rest = [
        FitSettings("logistic_regression", seed=1),
        FitSettings("xgb", seed=1, hyperparameters=trees),
        FitSettings("random_forest", seed=1, hyperparameters=trees),
    ]
    (svm,) = compare_models(table, [FitSettings("svm_rbf", seed=1)], 5, 2, processes=1)
    assert svm.mean("accuracy") >= least
    for scores in compare_models(table, rest, 2, 1, processes=1):
        assert scores.mean("accuracy") > 0.97
