"""The progress bar that all stages share; on standard error, so that results can be piped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar with time left; the function it gives is called with how much more is done."""
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
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=total)

        def advance(steps: int = 1) -> None:
            progress.advance(task, steps)

        try:
            yield advance
        except BaseException:
            # Where nothing was done, the message that follows says all there is to say.
            progress.update(task, visible=progress.tasks[task].completed > 0)
            raise
        if total is None:
            progress.update(task, total=progress.tasks[task].completed)
