"""A PostgreSQL server of a test's own, with a new database for each caller."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psutil
import pytest

from tests.serving.server import free_port
from tests.waiting import wait_for

_USER = "straps"


class Postgres:
    """A server that runs as `nobody` for root, because it refuses to run as root."""

    def __init__(self) -> None:
        # pytest's own folders are closed to other users.
        self._folder = Path(tempfile.mkdtemp(prefix="straps-postgres-"))
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._data.mkdir()
        if os.geteuid() == 0:
            for folder in (self._folder, self._data):
                shutil.chown(folder, "nobody")
        options = ("-D", str(self._data), "-U", _USER, "-A", "trust", "--no-sync")
        assert self._run("initdb", *options).wait() == 0, self._log.read_text()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
        options += ("-c", "fsync=off", "-p", str(self.port))
        self._process = self._run("postgres", "-D", str(self._data), *options)
        ready = [_program("pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        wait_for(lambda: subprocess.run(ready, check=False).returncode == 0)  # noqa: S603

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it keep its connections, and answer nothing."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def url(self, name: str) -> str:
        """Address of a database; the service creates it."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{name}"

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in (server, *server.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):  # a connection that has just ended
                process.send_signal(number)

    def _run(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [_program(program), *arguments],
                stdout=log,
                stderr=log,
                user="nobody" if os.geteuid() == 0 else None,
                cwd="/",
            )


def _program(name: str) -> str:
    """Path of one of PostgreSQL's programs; skips the test where it is not installed."""
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"needs {name} (package postgresql)")
    return found
