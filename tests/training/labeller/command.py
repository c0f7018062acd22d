"""Runs `straps-train` in processes of its own that share one import of its libraries."""

import os
import sys
import warnings
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from shared_features.params import PROJECT_ROOT

# Importing these takes over a second, which would be most of the time of a test that starts a tool.
# The fork server imports them once; a process forked from it starts in some hundredths of a second.
PRELOADED = [
    *("pytest", "uvicorn", "uvicorn.loops.auto", "uvicorn.protocols.http.auto"),
    *("rich.progress", "training.cli.main", "training.labeller.server"),
    *("training.labeller.service_setup", "tests.training.labeller.command"),
]


def start_command(arguments: Sequence[str]) -> tuple[ForkServerProcess, int]:
    """Start the command in the project's folder.

    Returns:
        The process, and a file descriptor to read its output and error messages from.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(tuple(arguments), writer))
    process.start()
    writer.close()
    descriptor = os.dup(reader.fileno())
    reader.close()
    return process, descriptor


def _run(arguments: tuple[str, ...], output: Connection) -> None:
    os.chdir(PROJECT_ROOT)
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    warnings.simplefilter("default")
    from training.cli.main import main

    sys.argv = ["straps-train", *arguments]
    main()
