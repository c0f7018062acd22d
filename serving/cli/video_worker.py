"""Runs work on a video in a worker process, with a progress bar per pass over the video.

The worker is forked from the command itself, in which nothing has been started yet, so that the
libraries are imported once.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from serving.errors import ServingError
from shared_features.errors import WorkerDiedError
from shared_features.runtime.worker_process import WorkerProcess


def call_in_worker(make: Callable[[], object], method: str, video: Path, *arguments: object) -> Any:
    """What a method of an object in a worker process returns for a video.

    Args:
        make: Makes the object; a module-level function or class. Its notes are
            ``(title, frames done, frames in all)``.
        method: Name of the method.
        video: Path of the video, the method's first argument.
        *arguments: Its other arguments.

    Raises:
        ServingError: The video crashed the process.
    """
    with WorkerProcess(make, fork=True) as worker, _progress_bar() as bar:
        tasks: dict[str, TaskID] = {}

        def update(progress: tuple[str, int, int | None]) -> None:
            title, done, total = progress
            if title not in tasks:
                tasks[title] = bar.add_task(title, total=total)
            bar.update(tasks[title], completed=done)

        try:
            return worker.call(method, video, *arguments, on_note=update)
        except WorkerDiedError as error:
            raise ServingError(
                f"{video} crashed the program that reads it. {error} Convert the video, for "
                "example with ffmpeg, and try again."
            ) from error


def _progress_bar() -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames, left"),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    return Progress(*columns, console=console, disable=not console.is_terminal)
