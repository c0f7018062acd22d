"""The notebook runs from its first cell to its last."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from shared_features.params import PROJECT_ROOT
from tests.training.learning.projects import Project
from training.learning.train import train

NOTEBOOK = PROJECT_ROOT / "notebooks" / "explore.ipynb"


@pytest.mark.filterwarnings(
    # Of nbclient's own event loop.
    "ignore::DeprecationWarning",
)
def test_the_notebook_runs_on_a_trained_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell, on the table and the answers of a real training; pictures are drawn."""
    project = Project(tmp_path)
    project.add_recordings(8, seed=5)
    project.combine()
    train(*project.training_input(), lambda line: None)
    monkeypatch.setenv("STRAPS_PARAMS", str(project.params_path))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 4


def test_the_notebook_is_kept_without_outputs() -> None:
    """Nobody's data is committed with it."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells if cell.cell_type == "code")
