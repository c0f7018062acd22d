"""``straps-train sequence`` and ``raters``: models over sequences, and who judged them."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import Params

if TYPE_CHECKING:
    from training.sequence.report import SequenceReport

app = typer.Typer()


class Task(StrEnum):
    """What a sequence model says about a clip."""

    score = "score"
    classify = "classify"


@app.command("sequence")
def sequence(
    task: Annotated[
        Task,
        typer.Option(help="Points from 0 to 100 (or correct and incorrect), or labels."),
    ] = Task.score,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Table with the columns path and score, correct or label, and optionally rater, "
            "start_s, end_s and group. Default: training.sequence.labels."
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Number of trainings at a time. Default: one per core."),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler to train on instead.")
    ] = None,
    params: Params = None,
) -> None:
    """Train models over sequences of landmarks: every model, batch size and learning rate."""
    from training.params import load_training
    from training.runtime.workers import Workers
    from training.sequence.data.reading import read_clips
    from training.sequence.train import REPORT_FILE, train_sequences

    settings = load_training(params)
    how = settings.sequence
    table = labels or how.labels
    clips = read_clips(table, task.value, settings.data, how.min_valid_share)
    if clips.raters is not None:
        for line in clips.raters.lines():
            typer.echo(line)
    workers = Workers(processes or how.processes, cluster)
    report = train_sequences(clips, settings, workers, _say, f"{table.name}")
    _print_report(report, settings.data.results / REPORT_FILE)


@app.command("raters")
def raters(
    table: Annotated[Path, typer.Argument(help="A .csv file with the scores of several raters.")],
    path_column: Annotated[str, typer.Option(help="CSV column of the clip.")] = "path",
) -> None:
    """Say how far the raters of a table of scores are apart: the ceiling for any model."""
    from training.errors import LabelError
    from training.sequence.data.raters import rater_report
    from training.sequence.data.ratings import read_ratings

    ratings = read_ratings(table, {"path": path_column})
    if ratings.kind == "labels":
        raise LabelError(f"{table} has labels; raters are compared by their scores.")
    for line in rater_report(ratings.rows).lines():
        typer.echo(line)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _print_report(report: "SequenceReport", page: Path) -> None:
    for name, evaluation in report.evaluations.items():
        mark = "*" if name == report.chosen else " "
        typer.echo(f"{mark} {name}: {evaluation}")
    typer.echo(
        f"Registered as version {report.version}: {report.chosen}. "
        "`straps-train promote --sequence` puts it in use."
    )
    typer.echo(f"Report: {page}")
