"""``straps-train ui`` shows both dashboards and ends them with itself."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from tests.training.learning.projects import Project


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str, process: "subprocess.Popen[bytes]", timeout_s: float = 60) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx.get(url, follow_redirects=True).status_code == 200
        except httpx.TransportError:
            time.sleep(0.3)
    return False


def command(project: Project) -> list[str]:
    return [sys.executable, "-m", "training", "ui", "--params", str(project.params_path)]


def test_both_answer_and_end_together(tmp_path: Path) -> None:
    """Both pages are there on the ports of params.yaml; ending the command ends their processes."""
    mlflow_port, optuna_port = free_port(), free_port()
    project = Project(tmp_path, tracking={"mlflow_port": mlflow_port, "optuna_port": optuna_port})
    process = subprocess.Popen(command(project), stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        assert answers(f"http://127.0.0.1:{mlflow_port}/health", process)
        assert answers(f"http://127.0.0.1:{optuna_port}/", process)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive
    finally:
        process.kill()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Nothing is started, and the message says where to set another port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        project = Project(
            tmp_path,
            tracking={"mlflow_port": taken.getsockname()[1], "optuna_port": free_port()},
        )
        done = subprocess.run(command(project), capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 2
    assert "Port " in done.stderr
    assert "training.tracking" in done.stderr


def test_a_server_that_cannot_be_reached_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """No traceback, and no password on the screen."""
    uri = "postgresql://user:secret@127.0.0.1:9/none"
    project = Project(tmp_path, tracking={"mlflow_uri": uri})
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "training", "models", "--params", str(project.params_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "mlflow_uri" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr
