"""Runs the project's commands in processes of their own that share one import of their libraries.

Importing what a command needs takes one to two seconds of a core, which would be most of the time
of many tests. A fork server imports it once; a command forked from it starts in some hundredths of
a second. Some tests run the installed commands themselves.
"""

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from multiprocessing import get_context, set_forkserver_preload
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from shared_features.params import PROJECT_ROOT
from tests.waiting import PATIENCE_S

PRELOADED = [
    *("pytest", "uvicorn", "uvicorn.loops.auto", "uvicorn.protocols.http.auto", "rich.progress"),
    *("training.cli.main", "training.labeller.server", "training.labeller.service_setup"),
    *("training.media.landmarks", "training.media.prepare"),
    *("serving.cli.run", "serving.cli.analyze", "serving.cli.classify", "serving.overlay.drawer"),
    "tests.programs",
]
Command = Literal["straps-serve", "straps-train"]
_MODULES: dict[Command, str] = {
    "straps-serve": "serving.cli.main",
    "straps-train": "training.cli.main",
}


def preload() -> None:
    """Say what the fork server of this process imports, should a test start one."""
    set_forkserver_preload(PRELOADED)


class Program:
    """A running command, with the methods of ``subprocess.Popen``.

    Args:
        command: Name of the command.
        arguments: Its arguments.
        output: File that its output is appended to, or a pipe.
        errors: The same for its error messages; None: they go with the output.
        folder: Folder it runs in.
        environment: Its environment variables; None: those of this process.
        session: Whether it leads a session of its own, so that a group of processes can be killed.
    """

    def __init__(
        self,
        command: Command,
        *arguments: object,
        output: Path | Connection,
        errors: Path | Connection | None = None,
        folder: Path = PROJECT_ROOT,
        environment: Mapping[str, str] | None = None,
        session: bool = False,
    ) -> None:
        words = [command, *map(str, arguments)]
        variables = dict(os.environ if environment is None else environment)
        self._process = get_context("forkserver").Process(
            target=_run,
            args=(_MODULES[command], words, output, errors or output, folder, variables, session),
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        self._process.join(timeout_s)
        code = self._process.exitcode
        assert code is not None, f"it has not ended after {timeout_s:g} s"
        return code

    def send_signal(self, how: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, how)


def run_program(
    command: Command,
    *arguments: object,
    folder: Path = PROJECT_ROOT,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    with tempfile.TemporaryDirectory() as temporary:
        output, errors = Path(temporary, "output"), Path(temporary, "errors")
        program = Program(
            command,
            *arguments,
            output=output,
            errors=errors,
            folder=folder,
            environment=environment,
        )
        code = program.wait()
        texts = output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8")
        return subprocess.CompletedProcess([command, *map(str, arguments)], code, *texts)


def _run(
    module: str,
    words: list[str],
    output: Path | Connection,
    errors: Path | Connection,
    folder: Path,
    environment: dict[str, str],
    session: bool,
) -> None:
    if session:
        os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # asked of the environment again
    for descriptor, target in ((1, output), (2, errors)):
        if isinstance(target, Path):
            with target.open("ab") as file:
                os.dup2(file.fileno(), descriptor)
        else:
            os.dup2(target.fileno(), descriptor)
    for target in (output, errors):
        if isinstance(target, Connection) and not target.closed:
            target.close()
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    warnings.simplefilter("default")
    sys.argv = words
    importlib.import_module(module).main()
