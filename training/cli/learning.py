"""``straps-train train``, ``models``, ``promote``, ``rollback``, ``label-issues`` and ``ui``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import Params

if TYPE_CHECKING:
    from training.learning.registry.promotion import Promotion
    from training.learning.reports.report import TrainingReport

app = typer.Typer()

_LEAST_WIDTH = 90
# What a tool that listens at all addresses is told; a browser needs one of them.
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened at


@app.command("train")
def train(
    again: Annotated[
        bool, typer.Option("--again", help="Also if nothing has changed since the last training.")
    ] = False,
    params: Params = None,
) -> None:
    """Train on final_features.csv: search, judge, register, report."""
    from training.learning.train import REPORT_FILE, trained_before
    from training.learning.train import train as train_model
    from training.params import load_all

    shared, settings = load_all(params)
    version = None if again else trained_before(shared, settings)
    if version is not None:
        typer.echo(
            f"Up to date: version {version} was trained on this table with these settings. "
            "`--again` trains anew."
        )
        return
    report = train_model(shared, settings, _say)
    _print_training(report, settings.data.results / REPORT_FILE)


@app.command("models")
def models(params: Params = None) -> None:
    """List the registered models, the newest first, and which one is served."""
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table

    from training.learning.registry.registry import Registry
    from training.params import load_training

    registry = Registry(load_training(params).tracking)
    champion = registry.champion()
    table = Table("Version", "Trained", "Model", "F1 kept back", "F1 cross-val.", "", box=None)
    for version in registry.versions():
        tags = version.tags
        created = datetime.fromtimestamp(version.creation_timestamp / 1000).astimezone()
        table.add_row(
            str(version.version),
            created.strftime("%Y-%m-%d %H:%M"),
            tags.get("model", "was served before"),
            tags.get("held_out_f1_macro", ""),
            tags.get("cross_validation_f1_macro", ""),
            "champion" if str(version.version) == champion else "",
        )
    if table.row_count:
        console = Console()
        # Where the output goes into a file, there is no width to keep to.
        Console(width=max(console.width, _LEAST_WIDTH)).print(table)
    else:
        typer.echo("No model is registered. Run `straps-train train` first.")


@app.command("promote")
def promote(
    version: Annotated[
        str | None, typer.Argument(help="Which version; default: the one trained last.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also when it is worse than the champion, or not comparable."),
    ] = False,
    params: Params = None,
) -> None:
    """Make a model the champion, if it passes the gate; a running service switches to it."""
    from training.learning.registry.promotion import promote as promote_model
    from training.params import load_training

    settings = load_training(params)
    _print_promotion(promote_model(settings.tracking, settings.promotion, version, force))


@app.command("rollback")
def rollback(params: Params = None) -> None:
    """Go back to the champion before this one."""
    from training.learning.registry.promotion import rollback as roll_back
    from training.params import load_training

    settings = load_training(params)
    _print_promotion(roll_back(settings.tracking, settings.promotion))


@app.command("label-issues")
def label_issues(
    limit: Annotated[int, typer.Option(min=1, help="How many suspects at most.")] = 100,
    repeats: Annotated[
        int, typer.Option(min=1, help="Cross-validations whose answers are averaged.")
    ] = 3,
    params: Params = None,
) -> None:
    """Write a page of the labels that are probably wrong; changes nothing."""
    from training.learning import label_issues as issues
    from training.learning.material import fit_settings, read_material
    from training.params import load_all
    from training.runtime.progress_bar import progress_bar

    shared, settings = load_all(params)
    how, labeller = settings.model_training, settings.labeller
    data = read_material(shared, settings).data
    with progress_bar("Asking models that have not seen it", repeats * how.folds) as advance:
        answers = issues.repeated_answers(data, how.folds, repeats, fit_settings(settings), advance)
    suspects = issues.find_suspects(answers, limit)
    page = issues.write_suspects(
        suspects,
        settings.data.results,
        settings.data,
        shared.media,
        f"http://{'localhost' if labeller.host in _EVERYWHERE else labeller.host}:{labeller.port}",
    )
    typer.echo(f"{len(suspects)} suspected labels: {page}")


@app.command("ui")
def ui(params: Params = None) -> None:
    """Show the runs in MLflow and the searches in Optuna's dashboard, until Ctrl-C."""
    from training.learning.dashboards import show_dashboards
    from training.learning.registry.stores import mlflow_uri
    from training.learning.search.studies import open_storage, optuna_url
    from training.params import load_training

    settings = load_training(params).tracking
    # The dashboard wants to find tables, also before the first search.
    open_storage(optuna_url(settings))
    show_dashboards(settings, mlflow_uri(settings), optuna_url(settings), typer.echo)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _print_training(report: "TrainingReport", page: Path) -> None:
    judgement = report.judgement
    typer.echo(
        f"All recordings, cross-validated: macro F1 {judgement.cross_validation.f1_macro:.3f} "
        f"(folds {', '.join(f'{score:.3f}' for score in judgement.per_fold)})"
    )
    typer.echo(
        f"Recordings kept back: macro F1 {judgement.held_out.f1_macro:.3f} on "
        f"{judgement.held_out.frames} frames of {judgement.held_out.recordings}"
    )
    typer.echo(judgement.held_out.as_text())
    typer.echo(f"Registered as version {report.version}. `straps-train promote` makes it serve.")
    typer.echo(f"Report: {page}")


def _print_promotion(promotion: "Promotion") -> None:
    if promotion.previous == promotion.version:
        typer.echo(f"Version {promotion.version} was the champion already; its file is in place.")
    else:
        before = f" instead of {promotion.previous}" if promotion.previous else ""
        typer.echo(f"Version {promotion.version} is the champion{before}: {promotion.judged}.")
    typer.echo(f"{promotion.output} (sha256 {promotion.sha256[:12]}…)")
