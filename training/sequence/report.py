"""``sequence_report.html``: the report of a training of sequence models in one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_features.sequence.contract import Task
from training.learning.export.parity import Parity
from training.learning.reports.pages import render
from training.sequence.evaluation import SCORE_NAMES, SequenceEvaluation
from training.sequence.fitting.cell import CellResult


@dataclass(frozen=True)
class SequenceReport:
    """The results of a training.

    Attributes:
        created: Date and time for a reader.
        run_id: ID of the outermost MLflow run.
        version: Version under which the model was registered.
        task: What was learned.
        chosen: Name of the chosen cell.
        cells: Results of all cells, by name.
        evaluations: Scores on the held-out clips of the best cell of each model, by name.
        parts: Number of clips to learn from, to decide by, and held out.
        raters: The report of the raters, line by line.
        notes: Notes about the data.
        parity: How closely the model file reproduces the model.
        figures: PNG files by name.
        settings: Settings of the training, as in params.yaml.
    """

    created: str
    run_id: str
    version: str
    task: Task
    chosen: str
    cells: Mapping[str, CellResult]
    evaluations: Mapping[str, SequenceEvaluation]
    parts: Mapping[str, int]
    raters: tuple[str, ...]
    notes: tuple[str, ...]
    parity: Parity
    figures: Mapping[str, Path]
    settings: Mapping[str, Any]

    @property
    def evaluation(self) -> SequenceEvaluation:
        """Scores of the chosen model on the held-out clips."""
        return self.evaluations[self.chosen]

    @property
    def score_names(self) -> dict[str, str]:
        """Titles of the scores that these evaluations have."""
        return {k: title for k, title in SCORE_NAMES.items() if k in self.evaluation.scores}


def write_sequence_report(report: SequenceReport, path: Path) -> None:
    """Write the report as one self-contained HTML page."""
    figures = {name: figure.read_bytes() for name, figure in report.figures.items()}
    render("sequence_report.html", path, report=report, figures=figures)
