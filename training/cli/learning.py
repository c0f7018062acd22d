"""``straps-train train``, ``models``, ``promote``, ``rollback``, ``label-issues`` and ``ui``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import Params
from training.words import counted

if TYPE_CHECKING:
    from training.learning.registry.promotion import Gate, Promotion
    from training.learning.reports.training_report import TrainingReport
    from training.params import PromotionParams, TrackingParams

app = typer.Typer()

SequenceModels = Annotated[
    bool, typer.Option("--sequence", help="Of sequence models instead of pose classifiers.")
]

_MIN_WIDTH = 90
# A tool can listen on all addresses, but a browser has to be given a particular one.
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


@app.command("train")
def train(
    again: Annotated[
        bool, typer.Option("--again", help="Train even if nothing has changed since the last time.")
    ] = False,
    params: Params = None,
) -> None:
    """Train on final_features.csv: search, evaluate, register, report."""
    from training.data.training_data import read_training_data
    from training.learning.estimators.fitting import fit_settings
    from training.learning.train import REPORT_FILE
    from training.learning.train import train as train_model
    from training.learning.training_key import trained_before
    from training.params import load_all
    from training.runtime.only_one import only_one

    shared, settings = load_all(params)
    fit_settings(settings)  # a wrong setting is found before anything is read
    with only_one(settings.tracking.folder, "training"):
        training_data = read_training_data(shared, settings)
        version = None if again else trained_before(training_data, shared, settings)
        if version is not None:
            typer.echo(
                f"Up to date: version {version} was trained on this table with these settings. "
                "Use `--again` to train anyway."
            )
            return
        report = train_model(training_data, shared, settings, _say)
    _print_training(report, settings.data.results / REPORT_FILE)


@app.command("models")
def models(sequence: SequenceModels = False, params: Params = None) -> None:
    """List the registered models, newest first, and show which one is served."""
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table

    from training.learning.registry.model_registry import Registry

    tracked, _, gate = _registered(sequence, params)
    registry = Registry(tracked, gate.model_file)
    champion = registry.champion()
    scores = ("held_out",) if sequence else ("held_out_f1_macro", "cross_validation_f1_macro")
    titles = ("Held out",) if sequence else ("F1 held out", "F1 cross-val.")
    table = Table("Version", "Trained", "Model", *titles, "", box=None)
    for version in registry.versions():
        tags = version.tags
        created = datetime.fromtimestamp(version.creation_timestamp / 1000).astimezone()
        table.add_row(
            str(version.version),
            created.strftime("%Y-%m-%d %H:%M"),
            tags.get("model", "was served before"),
            *(tags.get(score, "") for score in scores),
            "champion" if str(version.version) == champion else "",
        )
    if table.row_count:
        console = Console()
        # In a pipe or a file there is no terminal width to respect.
        Console(width=max(console.width, _MIN_WIDTH)).print(table)
    else:
        typer.echo(f"No model is registered. Run `{gate.train_command}` first.")


@app.command("promote")
def promote(
    version: Annotated[
        str | None, typer.Argument(help="Which version; default: the one trained most recently.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Promote it even if it is worse than the champion, or cannot be compared.",
        ),
    ] = False,
    sequence: SequenceModels = False,
    params: Params = None,
) -> None:
    """Make a model the champion if it passes the gate; a running service switches to it."""
    from training.learning.registry.promotion import promote as promote_model

    _print_promotion(promote_model(*_registered(sequence, params), version, force))


@app.command("rollback")
def rollback(sequence: SequenceModels = False, params: Params = None) -> None:
    """Go back to the previous champion."""
    from training.learning.registry.promotion import rollback as roll_back

    _print_promotion(roll_back(*_registered(sequence, params)))


@app.command("label-issues")
def label_issues(
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of suspects.")] = 100,
    repeats: Annotated[
        int, typer.Option(min=1, help="Number of cross-validations to average.")
    ] = 3,
    params: Params = None,
) -> None:
    """Write a page of labels that are probably wrong; changes nothing."""
    from training.data.training_data import read_training_data
    from training.learning import label_issues as issues
    from training.learning.estimators.fitting import fit_settings
    from training.params import load_all
    from training.runtime.progress_bar import progress_bar

    shared, settings = load_all(params)
    how, labeller = settings.model_training, settings.labeller
    fit = fit_settings(settings)
    data = read_training_data(shared, settings).dataset
    with progress_bar("Cross-validation", repeats * how.folds) as advance:
        predictions = issues.repeated_predictions(
            data, how.folds, repeats, fit, advance, how.max_training_rows
        )
    suspects = issues.find_suspects(predictions, limit)
    page = issues.write_suspects(
        suspects,
        settings.data.results,
        settings.data,
        shared.media,
        f"http://{'localhost' if labeller.host in _EVERYWHERE else labeller.host}:{labeller.port}",
    )
    typer.echo(f"{counted(len(suspects), 'suspected label')}: {page}")


@app.command("ui")
def ui(params: Params = None) -> None:
    """Show the runs in MLflow and the searches in Optuna's dashboard until Ctrl-C."""
    from training.learning.dashboards import show_dashboards
    from training.learning.registry import tracking
    from training.learning.registry.mlflow_store import mlflow_uri
    from training.learning.search.studies import open_storage, optuna_url
    from training.params import load_training

    settings = load_training(params).tracking
    tracking.connect(settings)
    # The dashboard expects the tables to exist, even before the first search.
    open_storage(optuna_url(settings))
    show_dashboards(settings, mlflow_uri(settings), optuna_url(settings), typer.echo)


def _registered(
    sequence: bool, params: Path | None
) -> "tuple[TrackingParams, PromotionParams, Gate]":
    """Where models of a kind are registered and served, and what they have to pass."""
    from training.params import load_training

    settings = load_training(params)
    if sequence:
        from training.sequence.gate import (
            SequenceGate,
            sequence_promotion,
            sequence_tracking,
        )

        return sequence_tracking(settings), sequence_promotion(settings), SequenceGate()
    from training.learning.pose_gate import PoseGate

    return settings.tracking, settings.promotion, PoseGate()


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _print_training(report: "TrainingReport", page: Path) -> None:
    cross_validation, held_out = report.evaluations.cross_validation, report.evaluations.held_out
    typer.echo(
        f"All recordings, cross-validated: macro F1 {cross_validation.f1_macro:.3f} "
        f"(folds {', '.join(f'{score:.3f}' for score in report.evaluations.per_fold)})"
    )
    typer.echo(
        f"Held-out recordings: macro F1 {held_out.f1_macro:.3f} on "
        f"{counted(held_out.frames, 'frame')} of {counted(held_out.recordings, 'recording')}"
    )
    if report.evaluations.served is not None:
        typer.echo(f"Held-out recordings when served: {report.evaluations.served}")
    typer.echo(held_out.as_text())
    typer.echo(f"Registered as version {report.version}. `straps-train promote` puts it in use.")
    typer.echo(f"Report: {page}")


def _print_promotion(promotion: "Promotion") -> None:
    if promotion.previous == promotion.version:
        typer.echo(f"Version {promotion.version} is already the champion; its file is in place.")
    else:
        before = f" instead of {promotion.previous}" if promotion.previous else ""
        typer.echo(f"Version {promotion.version} is the champion{before}: {promotion.comparison}.")
    typer.echo(f"{promotion.output} (sha256 {promotion.sha256[:12]}…)")
