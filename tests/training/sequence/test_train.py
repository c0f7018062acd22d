"""From a table of clips to a served model, and back."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from shared_features.classify.sequence_model import SequenceModel
from shared_features.params import PROJECT_ROOT
from tests.training.sequence.movements import labelled_clips, write_table
from training.cli.main import app


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with its own settings, and clips of two labels. Returns the settings' path."""
    root = tmp_path_factory.mktemp("project")
    content = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["training"]["sequence"] |= {
        "labels": "clips/scores.csv",
        "models": ["summary_xgb"],
        "processes": 1,
    }
    path = root / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    write_table(labelled_clips("labels", 36), root / "clips", "label")
    return path


def straps_train(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.release
def test_from_a_table_to_a_served_model_and_back(project: Path) -> None:
    """Train, promote, train again, promote, roll back; and what the report says."""
    params = ("--params", str(project))
    served = project.parent / "models" / "quality.onnx"
    first = straps_train("sequence", "--task", "classify", *params)
    assert "* summary_xgb" in first
    report = (project.parent / "data/results/sequence_report.html").read_text(encoding="utf-8")
    for part in ("summary_xgb", "Macro F1", "confusion matrix", "learning curve"):
        assert part in report
    assert "Version 1 is the champion" in straps_train("promote", "--sequence", *params)
    model = SequenceModel(served, task="classify")
    assert model.contract.labels == ("high", "low")
    assert model.contract.training["clips"] > 0
    assert "f1_macro" in model.contract.metrics
    # The same grid is not trained again; its model is no worse than itself, on clips new to both.
    straps_train("sequence", "--task", "classify", *params)
    second = straps_train("promote", "--sequence", *params)
    assert "Version 2 is the champion instead of 1: Macro F1" in second
    assert "champion" in straps_train("models", "--sequence", *params)
    assert "Version 1 is the champion" in straps_train("rollback", "--sequence", *params)
