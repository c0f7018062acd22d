"""``straps-train compare``: several kinds of models on one labelled table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import Params
from training.words import counted

if TYPE_CHECKING:
    from training.learning.comparison.cross_validation import ModelScores
    from training.learning.comparison.labelled_table import LabelledTable

app = typer.Typer()

# Macro recall equals balanced accuracy, so only one is shown; the files have both.
_SHOWN = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced",
    "macro_precision": "Precision",
    "macro_f1": "F1",
}
_MIN_WIDTH = 90
_MOST_COLUMNS_NAMED = 25


@app.command("compare")
def compare(
    table: Annotated[Path, typer.Option(help="A CSV file; its first line names the columns.")],
    target: Annotated[str, typer.Option(help="The column of labels.")],
    group: Annotated[
        str | None,
        typer.Option(help="The column whose values mark rows that must never be split up."),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(help="Columns to leave out, separated by commas or given repeatedly."),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(help="Which models, given like --drop; default: all."),
    ] = None,
    folds: Annotated[
        int, typer.Option(min=2, help="Number of parts in each cross-validation.")
    ] = 5,
    repeats: Annotated[
        int, typer.Option(min=1, help="Number of cross-validations, each with different parts.")
    ] = 3,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Default: `training.model_training.seed`.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results; default: `compare` in `training.data.results`."),
    ] = None,
    params: Params = None,
) -> None:
    """Compare models on any labelled table by repeated cross-validation."""
    from training.learning.comparison.cross_validation import compare_models
    from training.learning.comparison.files import write_comparison
    from training.learning.comparison.labelled_table import read_labelled_table
    from training.learning.comparison.tracked_comparison import log_comparison
    from training.learning.estimators.fitting import FitSettings
    from training.learning.estimators.models import MODEL_MAPPER, complete
    from training.params import load_all
    from training.runtime.progress_bar import progress_bar

    _, settings = load_all(params)
    how = settings.model_training
    names = _separated(models) or list(MODEL_MAPPER)
    given = {name: how.hyperparameters.get(name, {}) for name in names}
    for name in names:
        complete(name, given[name])
    labelled = read_labelled_table(table, target, group, _separated(drop))
    _describe(labelled)
    fits = [
        FitSettings(name, how.seed if seed is None else seed, how.class_weights, given[name])
        for name in given
    ]
    with progress_bar("Comparing", len(fits) * folds * repeats) as advance:
        compared = compare_models(labelled, fits, folds, repeats, advance=advance)
    _print(compared, folds, repeats)
    written = write_comparison(compared, labelled.labels, out or settings.data.results / "compare")
    log_comparison(compared, written, settings.tracking, f"compare {table.stem} by {target}")
    for path in written:
        typer.echo(str(path))


def _separated(values: list[str] | None) -> list[str]:
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]


def _describe(table: "LabelledTable") -> None:
    import numpy as np

    tested = int((~table.augmented).sum())
    extra = f", and {len(table) - tested:,} for training only" if tested < len(table) else ""
    counts = np.bincount(table.codes[~table.augmented], minlength=len(table.labels))
    labels = ", ".join(f"{a} {b:,}" for a, b in zip(table.labels, counts, strict=True))
    columns = (*table.numeric, *table.text)
    used = ", ".join(columns[:_MOST_COLUMNS_NAMED])
    if len(columns) > _MOST_COLUMNS_NAMED:
        used += f" and {len(columns) - _MOST_COLUMNS_NAMED} more"
    typer.echo(f"{counted(tested, 'row')}{extra}: {labels}", err=True)
    typer.echo(f"Learning from {counted(len(columns), 'column')}: {used}", err=True)
    for name, reason in table.left_out.items():
        typer.echo(f"Left out: {name} ({reason})", err=True)


def _print(compared: "list[ModelScores]", folds: int, repeats: int) -> None:
    from rich.console import Console
    from rich.table import Table

    title = f"Mean ± standard deviation over {repeats} × {folds} folds, in %"
    shown = Table("Model", *_SHOWN.values(), "Log loss", "Fit", title=title, box=None)
    for one in sorted(compared, key=lambda one: -one.mean("macro_f1")):
        cells = [f"{100 * one.mean(m):.1f} ± {100 * one.deviation(m):.1f}" for m in _SHOWN]
        shown.add_row(
            one.model, *cells, f"{one.mean('log_loss'):.3f}", f"{one.mean('fit_time_s'):.2f} s"
        )
    console = Console()
    # In a pipe or a file there is no terminal width to respect.
    Console(width=max(console.width, _MIN_WIDTH)).print(shown)
