"""``label-issues`` and ``compare`` look at a dataset and leave it alone."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.training.learning.projects import Project
from training.cli.main import app as toolkit
from training.data.split_table import SPLIT_FILE
from training.learning.comparison import cross_validation


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("project"), model_training={"folds": 2})
    project.add_recordings(6, seed=8)
    project.combine()
    return project


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare in this process; starting others would take longer than the comparison."""
    monkeypatch.setattr(cross_validation, "usable_cores", lambda: 1)


def _look(project: Project) -> None:
    params = ("--params", project.params_path)
    table = project.params[1].data.final_features / "final_features.csv"
    _call("label-issues", "--repeats", 1, *params)
    how = ("--models", "logistic_regression", "--folds", 2, "--repeats", 1)
    columns = ("--target", "label", "--group", "group")
    _call("compare", "--table", table, *columns, *how, *params)


def _call(*arguments: object) -> None:
    texts = [str(argument) for argument in arguments]
    assert CliRunner().invoke(toolkit, texts, catch_exceptions=False).exit_code == 0


def _files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


def test_no_split_is_saved_where_there_is_none(project: Project) -> None:
    """Choosing what is held out is training's decision."""
    folder = project.params[1].data.final_features
    before = _files(folder)
    _look(project)
    assert _files(folder) == before
    assert SPLIT_FILE not in before


def test_a_split_table_stays_as_it_is(project: Project) -> None:
    """Not a byte changes, although the table lacks recordings that would get a split now."""
    folder = project.params[1].data.final_features
    table = folder / SPLIT_FILE
    table.write_text("recording,group,split\nvideo_gone,video_gone,held out\n", encoding="utf-8")
    try:
        before = _files(folder)
        _look(project)
        assert _files(folder) == before
    finally:
        table.unlink()
