"""``report.html``: the report of a training in one file, readable without MLflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.learning.evaluation.summary import Evaluations
from training.learning.export.parity import Parity
from training.learning.reports.label_balance import LabelCount
from training.learning.reports.mistakes import Mistake
from training.learning.reports.pages import render


@dataclass(frozen=True)
class TrainingReport:
    """The results of a training.

    Attributes:
        created: Date and time for a reader.
        run_id: ID of the outermost MLflow run.
        version: Version under which the model was registered; None if it was not.
        model: Name of the model in ``MODEL_MAPPER``.
        hyperparameters: Hyperparameters it was trained with.
        search: A sentence about the hyperparameter search; None if there was none.
        frames: Number of labelled frames, augmented ones excluded.
        augmented_frames: Number of augmented frames.
        recordings: Number of recordings.
        columns: Number of features.
        balance: How much there is of each label.
        warnings: Warnings about the data.
        evaluations: Scores on the held-out recordings and in cross-validation.
        held_out_groups: Names of the held-out groups.
        parity: How closely the model file reproduces the model.
        mistakes: The worst mistakes in cross-validation.
        figures: PNG files by name.
        settings: Settings of the training, as in params.yaml.
        times_s: Durations of the stages in seconds, by title.
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
    evaluations: Evaluations
    held_out_groups: tuple[str, ...]
    parity: Parity
    mistakes: tuple[Mistake, ...]
    figures: Mapping[str, Path]
    settings: Mapping[str, Any]
    times_s: Mapping[str, float]


def write_report(report: TrainingReport, path: Path) -> None:
    """Write the report as one self-contained HTML page."""
    figures = {name: figure.read_bytes() for name, figure in report.figures.items()}
    render("report.html", path, report=report, figures=figures)
