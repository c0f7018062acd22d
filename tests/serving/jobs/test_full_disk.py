"""A disk that runs full costs no video and no restart: the answer names it, and work waits."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared_features.params import PROJECT_ROOT
from tests.serving.conftest import Start
from tests.serving.server import VIDEOS, Server, upload_form
from tests.waiting import wait_for

SIZE_MB = 64
RESERVE_MB = 24

pytestmark = pytest.mark.release


class SmallDisk:
    """A disk of its own, to be filled and emptied."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, leave_mb: int = 0) -> None:
        """Take all the room, except some megabytes."""
        with self._filler.open("ab", buffering=0) as file:
            left = os.statvfs(self.path)
            try:
                file.write(bytes(max(0, left.f_bavail * left.f_frsize - leave_mb * 1024 * 1024)))
                while not leave_mb:
                    file.write(bytes(4096))
            except OSError:
                pass

    def empty(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(path)]
    try:
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0  # noqa: S603
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("needs the right to mount a small disk")
    yield SmallDisk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)  # noqa: S603, S607


def readiness(server: Server) -> str:
    reply = server.http.get("/health/ready")
    return "" if reply.status_code == 200 else str(reply.json()["detail"])


def test_a_full_disk_is_named_and_waited_for(
    start: Start, disk: SmallDisk, clip: Path, long_clip: Path, photo: Path
) -> None:
    """Uploads are refused before it is full; an analysis that meets a full one ends later."""
    data_dir = str(disk.path / "data")
    server = start(data_dir=data_dir, min_free_mb=RESERVE_MB, demo_video=str(clip))
    assert_refused_in_time(server, disk, clip, photo)
    job_id = server.submit(long_clip)
    wait_for(lambda: server.job(job_id)["frames_done"] > 10)
    disk.fill()
    wait_for(lambda: "waits for room" in server.log.read_text())
    assert server.job(job_id)["status"] == "processing"
    assert server.stop() == 0
    server.start(ready=False)  # on a full disk
    assert readiness(server) != ""
    disk.empty()
    wait_for(lambda: readiness(server) == "")
    assert server.finished(job_id)["status"] == "done"
    wait_for(lambda: server.job(job_id)["overlay"]["status"] == "ready")


def test_a_disk_that_runs_full_while_results_are_written(
    start: Start, disk: SmallDisk, long_clip: Path
) -> None:
    """Exports and overlay wait for room, and leave nothing half-written."""
    slow = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text())["serving"]["overlay"]
    server = start(
        data_dir=str(disk.path / "data"), min_free_mb=1, overlay=slow | {"preset": "veryslow"}
    )
    job_id = server.submit(long_clip)
    folder = server.data / "jobs" / job_id
    wait_for(lambda: server.job(job_id)["frames_done"] > 120)
    disk.fill()
    wait_for(lambda: server.log.read_text().count("waits for room") == 1)
    assert server.job(job_id)["status"] == "processing"
    assert not (folder / "timeline.json").exists()
    disk.empty()
    wait_for(lambda: (server.job(job_id)["overlay"] or {}).get("frames_done", 0) > 5)
    disk.fill()
    wait_for(lambda: server.log.read_text().count("waits for room") == 2)
    assert server.job(job_id)["status"] == "done"
    assert server.job(job_id)["overlay"]["status"] == "rendering"
    assert not (folder / "overlay.mp4").exists()
    assert server.http.get("/health/ready").status_code == 503
    disk.empty()
    wait_for(lambda: server.job(job_id)["overlay"]["status"] == "ready")
    assert [name for name in server.leftovers() if ".part" in name] == []


def assert_refused_in_time(server: Server, disk: SmallDisk, clip: Path, photo: Path) -> None:
    """507 and the name of the disk for each kind of upload; accepted again when there is room."""
    requests: tuple[tuple[str, dict[str, Any], int], ...] = (
        (VIDEOS, upload_form(clip), 202),
        (f"{VIDEOS}/demo", {}, 202),
        ("/api/v1/photos", upload_form(photo), 200),
    )
    disk.fill(leave_mb=RESERVE_MB - 4)
    for route, files, _ in requests:
        reply = server.http.post(route, files=files)
        assert reply.status_code == 507, reply.text
        assert str(disk.path) in reply.json()["detail"]
        assert "serving.min_free_mb" in reply.json()["detail"]
    assert str(disk.path) in readiness(server)
    assert server.http.get(VIDEOS).json() == {"videos": []}
    assert [name for name in server.leftovers() if name.startswith(("jobs", "uploads"))] == []
    disk.empty()
    assert readiness(server) == ""
    for route, files, status in requests:
        assert server.http.post(route, files=files).status_code == status
    server.delete_all()
