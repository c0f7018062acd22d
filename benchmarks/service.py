"""Starts a service for a benchmark."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from shared_features.params import PROJECT_ROOT

PORT = 8765
MOST_SESSIONS = 16
_POLLING_S = 0.02


@contextmanager
def running_service(folder: Path, log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service with the project's settings but more live sessions; yields once it is ready.

    Args:
        folder: Folder for the service's settings and data.
        log: File for the service's log; None: it is dropped.
    """
    params = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["serving"]["live"]["max_sessions"] = MOST_SESSIONS
    for key in ("model_path", "demo_video"):
        params["serving"][key] = str(PROJECT_ROOT / params["serving"][key])
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    environment = os.environ | {
        "STRAPS_PARAMS": str(folder / "params.yaml"),
        "STRAPS_PORT": str(PORT),
        "STRAPS_DATA_DIR": str(folder / "data"),
    }
    with (log or Path(os.devnull)).open("ab") as errors:
        service = subprocess.Popen(
            [sys.executable, "-m", "serving.cli.main", "run"], env=environment, stderr=errors
        )
    try:
        while not _is_ready():
            if service.poll() is not None:
                raise SystemExit(f"the service ended with exit code {service.returncode}")
            time.sleep(_POLLING_S)
        yield service
    finally:
        service.terminate()
        service.wait()


def _is_ready() -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{PORT}/health/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
