"""What all commands share: the option of the settings, and how things are said."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

Params = Annotated[
    Path | None, typer.Option(help="Settings; default: $STRAPS_PARAMS or ./params.yaml.")
]


def print_counts(counts: Mapping[str, int]) -> None:
    """A line for each label: its name, and how many frames carry it."""
    for label, count in counts.items():
        print(f"  {label:28} {count:>9}")


def warn(warnings: Iterable[str]) -> None:
    """Warnings on standard error, so that results can be piped."""
    for warning in warnings:
        typer.echo(f"Warning: {warning}", err=True)
