"""``straps-train ui`` shows both dashboards, and stops them when it ends."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from shared_features.runtime import console
from shared_features.runtime.console import NATIVE_LOG_VARIABLE
from tests.training.learning.projects import Project
from training.cli.main import app as toolkit

Capture = pytest.CaptureFixture[str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_page(url: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            assert httpx.get(url, follow_redirects=True, timeout=60).status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the command ended before {url} was there")


def error_of(command: str, project: Project, patch: pytest.MonkeyPatch, output: Capture) -> str:
    """The message on standard error of a command that fails with exit code 2."""
    patch.setenv(NATIVE_LOG_VARIABLE, "1")
    arguments = [command, "--params", str(project.params_path)]
    with pytest.raises(SystemExit) as left:
        console.run(lambda: toolkit(arguments))
    assert left.value.code == 2
    return output.readouterr().err


def test_both_pages_appear_and_their_processes_end_together(tmp_path: Path) -> None:
    """Both pages are on the ports from params.yaml; ending the command ends their processes."""
    mlflow_port, optuna_port = free_port(), free_port()
    project = Project(tmp_path, tracking={"mlflow_port": mlflow_port, "optuna_port": optuna_port})
    command = [sys.executable, "-m", "training", "ui", "--params", str(project.params_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_for_page(f"http://127.0.0.1:{mlflow_port}/health", process)
        wait_for_page(f"http://127.0.0.1:{optuna_port}/", process)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        psutil.wait_procs(children)
    finally:
        process.kill()


def test_a_taken_port_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Nothing is started, and the message says where to set another port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        project = Project(tmp_path, tracking={"mlflow_port": port, "optuna_port": free_port()})
        error = error_of("ui", project, monkeypatch, capsys)
    assert f"Port {port} for mlflow is already in use" in error
    assert "training.tracking" in error
    assert not list(tmp_path.rglob("*.log"))


def test_a_server_that_cannot_be_reached_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The message shows neither a traceback nor the password."""
    uri = "postgresql://user:secret@127.0.0.1:9/none"
    project = Project(tmp_path, tracking={"mlflow_uri": uri})
    error = error_of("models", project, monkeypatch, capsys)
    assert "mlflow_uri" in error
    assert "secret" not in error
    assert "Traceback" not in error
