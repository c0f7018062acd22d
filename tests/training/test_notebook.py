"""The notebook runs from its first cell to its last."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from shared_features.params import PROJECT_ROOT
from tests.training.learning.projects import Project

NOTEBOOK = PROJECT_ROOT / "notebooks" / "explore.ipynb"


@pytest.mark.filterwarnings(
    # It comes from nbclient's own event loop.
    "ignore::DeprecationWarning",
)
def test_the_notebook_runs_on_a_trained_project(
    trained: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell runs on the table and the predictions of a real training, and draws figures."""
    monkeypatch.setenv("STRAPS_PARAMS", str(trained.params_path))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=None, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(figures) >= 4


def test_the_notebook_is_kept_without_outputs() -> None:
    """No data is committed with it."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells if cell.cell_type == "code")
