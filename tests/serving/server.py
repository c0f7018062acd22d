"""A real service in its own process, on a free port, with its own settings and data folder."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from shared_features.params import PROJECT_ROOT
from tests.programs import Program

COMMAND = Path(sys.executable).with_name("straps-serve")
VIDEOS = "/api/v1/videos"
PATIENCE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_params(folder: Path, model: Path, **serving: Any) -> Path:
    """The project's settings with small chunks and a test's changes."""
    params = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["pose"] |= {"chunk_frames": 25, "warmup_frames": 5}
    params["serving"] |= {"model_path": str(model), "data_dir": "data", "port": free_port()}
    # The suite is one client that makes as many requests as it can.
    params["serving"]["max_requests_per_s"] = 100_000
    params["serving"] |= serving
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    return path


def upload_form(path: Path, name: str | None = None) -> dict[str, Any]:
    return {"file": (name or path.name, path.read_bytes())}


class Server:
    """Starts, stops and kills one service; ``http`` is a client for it.

    Args:
        params: Settings file.
        installed: Whether to start the installed command, instead of a process that shares the
            import of its libraries.
    """

    def __init__(self, params: Path, installed: bool = False) -> None:
        self.params = params
        self._installed = installed
        self.arguments: list[str] = []
        serving = yaml.safe_load(params.read_text(encoding="utf-8"))["serving"]
        self.port: int = serving["port"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = params.parent / serving["data_dir"]
        self.log = params.parent / "service.log"
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE_S)
        # Jobs shared by several tests, not to be deleted.
        self.kept: set[str] = set()
        self._process: subprocess.Popen[bytes] | Program | None = None

    def start(self, ready: bool = True) -> Self:
        arguments = ["run", "--params", str(self.params), *self.arguments]
        if self._installed:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603
                    [COMMAND, *arguments],
                    stderr=log,
                    stdout=log,
                    env=os.environ | {"PYTHONWARNINGS": "default"},
                )
        else:
            self._process = Program("straps-serve", *arguments, output=self.log)
        self.wait_for(lambda: self._answers("/health/ready" if ready else "/health/live"))
        return self

    def stop(self) -> int:
        """Terminate it as a container runtime would; returns the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it without a chance to clean up."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        if self._process is not None:
            self.stop()
        self.http.close()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def submit(self, path: Path, name: str | None = None) -> str:
        reply = self.http.post(VIDEOS, files=upload_form(path, name))
        assert reply.status_code == 202, reply.text
        job_id: str = reply.json()["id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        reply = self.http.get(f"{VIDEOS}/{job_id}")
        assert reply.status_code == 200, reply.text
        job: dict[str, Any] = reply.json()
        return job

    def finished(self, job_id: str) -> dict[str, Any]:
        """Wait until a job is done or has failed; returns it."""
        self.wait_for(lambda: self.job(job_id)["status"] in ("done", "failed"))
        return self.job(job_id)

    def timeline(self, job_id: str, **parameters: str) -> bytes:
        reply = self.http.get(f"{VIDEOS}/{job_id}/timeline", params=parameters)
        assert reply.status_code == 200, reply.text
        return reply.content

    def delete_all(self) -> None:
        for job in self.http.get(VIDEOS).json()["videos"]:
            if job["id"] not in self.kept:
                self.http.delete(f"{VIDEOS}/{job['id']}")

    def leftovers(self) -> list[str]:
        """Files in the data folder other than the queue, the lock and the instance ID."""
        own = ("queue", "lock", "instance", *(f"jobs/{job_id}" for job_id in self.kept))
        # Unlike Path.rglob, os.walk tolerates folders that the service removes meanwhile.
        files = (Path(at, name) for at, _, found in os.walk(self.data) for name in found)
        names = sorted(str(path.relative_to(self.data)) for path in files)
        return [name for name in names if not name.startswith(own)]

    @staticmethod
    def wait_for(condition: Any, timeout_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"not so after {timeout_s:g} s"
            time.sleep(0.05)

    def _answers(self, path: str) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self.http.get(path).status_code == 200
        except httpx.TransportError:
            return False

    def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        code = self._process.wait(PATIENCE_S)
        self._process = None
        return code
