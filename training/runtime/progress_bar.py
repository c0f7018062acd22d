"""The progress of all stages, on standard error so that results can be piped.

On a terminal it is a bar; in a file, a line now and then.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

ReportProgress = Callable[[int], None]
"""Called with the number of steps just finished."""

# In a file, work that takes less time than this leaves no line but its last.
_SILENT_S = 2.0
_BETWEEN_LINES_S = 15.0


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[ReportProgress]:
    """Show progress with the time left, and yield the function that advances it."""
    console = Console(stderr=True)
    show = _bar if console.is_terminal else _lines
    with show(description, total, console) as advance:
        yield advance


@contextmanager
def _bar(description: str, total: int | None, console: Console) -> Iterator[ReportProgress]:
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
    with Progress(*columns, console=console) as bar:
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


@contextmanager
def _lines(description: str, total: int | None, console: Console) -> Iterator[ReportProgress]:
    del console
    started = time.monotonic()
    said, done = started - _BETWEEN_LINES_S + _SILENT_S, 0

    def line(of: int | None) -> str:
        elapsed_s = time.monotonic() - started
        text = f"{description}: {done:,}" + ("" if of is None else f"/{of:,}")
        if of and 0 < done < of:
            return (
                f"{text}, {_clock(elapsed_s)}, about {_clock(elapsed_s / done * (of - done))} left"
            )
        return f"{text}, {_clock(elapsed_s)}"

    def advance(steps: int = 1) -> None:
        nonlocal done, said
        done += steps
        now = time.monotonic()
        if now - said >= _BETWEEN_LINES_S:
            said = now
            print(line(total), file=sys.stderr, flush=True)

    try:
        yield advance
    except BaseException:
        if done:
            print(line(total), file=sys.stderr, flush=True)
        raise
    print(line(done if total is None else total), file=sys.stderr, flush=True)


def _clock(duration_s: float) -> str:
    minutes, seconds = divmod(round(duration_s), 60)
    return f"{minutes}:{seconds:02}"
