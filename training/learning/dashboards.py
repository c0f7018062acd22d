"""Starts the web pages of MLflow and Optuna with the right addresses."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from training.errors import TrainingError
from training.params import TrackingParams

_POLLING_S = 0.3
_STOP_TIMEOUT_S = 10.0
_HOST = "127.0.0.1"


def show_dashboards(
    params: TrackingParams, mlflow_uri: str, optuna_storage: str, say: Callable[[str], None]
) -> None:
    """Run both until interrupted; their output goes to log files.

    Args:
        params: Ports, and the folder for the logs.
        mlflow_uri: URI of MLflow's store. A server has a page of its own, so only its address is
            printed.
        optuna_storage: URL of Optuna's storage.
        say: Called with each line for the person at the terminal.

    Raises:
        TrainingError: A port is taken, or one of the two processes ended.
    """
    commands: dict[str, tuple[int, list[str]]] = {}
    if mlflow_uri.startswith("http"):
        say(f"MLflow: {mlflow_uri}")
    else:
        commands["mlflow"] = (
            params.mlflow_port,
            _mlflow_command(mlflow_uri, params),
        )
    commands["optuna-dashboard"] = (
        params.optuna_port,
        _optuna_command(optuna_storage, params),
    )
    for name, (port, _) in commands.items():
        _require_free(port, name)
    running: dict[str, subprocess.Popen[bytes]] = {}
    params.folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, (port, command) in commands.items():
            running[name] = _start(name, command, params.folder)
            say(f"{name}: http://{_HOST}:{port}")
        say("Press Ctrl-C to stop both.")
        # SIGTERM stops both as well.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        _watch(running, params.folder)
    except KeyboardInterrupt:
        say("Stopping.")
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for process in running.values():
            _wait(process)


def _mlflow_command(uri: str, params: TrackingParams) -> list[str]:
    options = ["server", "--backend-store-uri", uri, "--host", _HOST, "--workers", "1"]
    return [_program("mlflow"), *options, "--port", str(params.mlflow_port)]


def _optuna_command(storage: str, params: TrackingParams) -> list[str]:
    options = [storage, "--host", _HOST, "--port", str(params.optuna_port)]
    return [_program("optuna-dashboard"), *options]


def _program(name: str) -> str:
    """Path of a program in this environment, whether or not it is on PATH."""
    return str(Path(sys.executable).with_name(name))


def _start(name: str, command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # This would start a second server for evaluations, which nothing here uses.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with _log(folder, name).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - programs of this environment, our own arguments
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )


def _watch(running: "dict[str, subprocess.Popen[bytes]]", folder: Path) -> None:
    while True:
        for name, process in running.items():
            if process.poll() is not None:
                raise TrainingError(
                    f"{name} stopped unexpectedly (exit code {process.returncode}). "
                    f"See {_log(folder, name)}."
                )
        time.sleep(_POLLING_S)


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _log(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"


def _require_free(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise TrainingError(
                f"Port {port} for {name} is already in use. Stop the program that uses it, or set "
                "another port under `training.tracking` in params.yaml."
            ) from error
