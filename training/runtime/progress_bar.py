"""The progress bar of all stages, on standard error so that results can be piped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

ReportProgress = Callable[[int], None]
"""Called with the number of steps just finished."""


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[ReportProgress]:
    """Show a bar with the time left, and yield the function that advances it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=total)

        def advance(steps: int = 1) -> None:
            bar.advance(task, steps)

        try:
            yield advance
        except BaseException:
            # If nothing was done, the error message says all there is to say.
            bar.update(task, visible=bar.tasks[task].completed > 0)
            raise
        if total is None:
            bar.update(task, total=bar.tasks[task].completed)
