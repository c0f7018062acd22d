"""Shared by all commands: the `--params` option, and how counts and warnings are printed."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

Params = Annotated[
    Path | None, typer.Option(help="Settings file; default: $STRAPS_PARAMS or ./params.yaml.")
]


SOME_FAILED = 1
"""Exit code of a stage in which some files failed and the others are done."""


def print_counts(counts: Mapping[str, int]) -> None:
    """Print a line for each label: its name and its number of frames."""
    for label, count in counts.items():
        print(f"  {label:28} {count:>9,}")


def warn(warnings: Iterable[str]) -> None:
    """Print warnings on standard error, so that results can be piped."""
    for warning in warnings:
        typer.echo(f"Warning: {warning}", err=True)
