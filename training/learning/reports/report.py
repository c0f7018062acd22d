"""``report.html``: a training that a person can read without MLflow, in one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.learning.export.export import Parity
from training.learning.export.model_file import Judgement
from training.learning.material import LabelCount
from training.learning.reports.mistakes import Mistake
from training.learning.reports.pages import render


@dataclass(frozen=True)
class TrainingReport:
    """All that a training has shown.

    Attributes:
        created: when, as a person reads it.
        run_id: of the MLflow run that all others are in.
        version: under which the model was registered; None if it was not.
        model: its name in ``MODEL_MAPPER``.
        hyperparameters: it was trained with.
        search: what the search for hyperparameters did; None if there was none.
        frames: number of rows judged by, augmented ones left out.
        augmented_frames: number of rows made up from them.
        recordings: number of recordings.
        columns: number of features.
        balance: of the labels.
        warnings: about the data.
        judgement: how well such models do.
        held_out_groups: which those are.
        parity: of the model file with the model.
        mistakes: what the cross-validation got most wrong.
        figures: PNG files by name.
        settings: of the training, as in params.yaml.
    """

    created: str
    run_id: str
    version: str | None
    model: str
    hyperparameters: Mapping[str, Any]
    search: str | None
    frames: int
    augmented_frames: int
    recordings: int
    columns: int
    balance: tuple[LabelCount, ...]
    warnings: tuple[str, ...]
    judgement: Judgement
    held_out_groups: tuple[str, ...]
    parity: Parity
    mistakes: tuple[Mistake, ...]
    figures: Mapping[str, Path]
    settings: Mapping[str, Any]


def write_report(report: TrainingReport, path: Path) -> None:
    """Write the report as one HTML page that needs nothing else."""
    figures = {name: figure.read_bytes() for name, figure in report.figures.items()}
    render("report.html", path, report=report, figures=figures)
