"""A database that is away while a video is analysed costs time, not the video."""

import contextlib
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.storage.job_record import JobRecord, write_record
from tests.serving.conftest import Start
from tests.serving.postgres import Postgres
from tests.serving.server import COMMAND, VIDEOS, Server, upload_form, write_params
from tests.waiting import wait_for

pytestmark = pytest.mark.release


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program has the SQLite file for itself, as a backup may."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def stopped(postgres: Postgres) -> Iterator[None]:
    postgres.stop()
    yield
    postgres.start()


@contextlib.contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    postgres.freeze()
    yield
    postgres.thaw()


def analysis_goes_on_without(
    server: Server, clip: Path, outage: contextlib.AbstractContextManager[None]
) -> None:
    """The analysis ends during the outage; its outcome is known, and drawn, afterwards."""
    job_id = server.submit(clip)
    wait_for(lambda: server.job(job_id)["frames_done"] > 10)
    with outage:
        wait_for(lambda: (server.data / "jobs" / job_id / "timeline.json").is_file())
        reply = server.http.get(f"{VIDEOS}/{job_id}")
        # While it is locked, SQLite still lets others read.
        assert reply.status_code in (200, 503), reply.text
        assert server.http.get("/health/live").status_code == 200
    wait_for(lambda: server.http.get("/health/ready").status_code == 200)
    # Just after an outage, a request may still be told to try again.
    wait_for(lambda: (state(server, job_id)["overlay"] or {}).get("status") == "ready")
    assert state(server, job_id)["status"] == "done"
    assert server.timeline(job_id)
    server.delete_all()


def state(server: Server, job_id: str) -> dict[str, Any]:
    reply = server.http.get(f"{VIDEOS}/{job_id}")
    return reply.json() if reply.status_code == 200 else {"overlay": None}


def test_a_postgresql_that_is_away(start: Start, long_clip: Path) -> None:
    """Stopped, and with connections that are silent."""
    pytest.importorskip("psycopg")
    with Postgres() as postgres:
        server = start(database_url=postgres.url("outage"))
        analysis_goes_on_without(server, long_clip, stopped(postgres))
        analysis_goes_on_without(server, long_clip, frozen(postgres))
        assert "Traceback" not in server.log.read_text()


def test_a_sqlite_that_is_locked(start: Start, long_clip: Path) -> None:
    """Uploads get a problem meanwhile, not the service's apology."""
    server = start()
    analysis_goes_on_without(server, long_clip, locked(server.data / "queue.sqlite"))
    with locked(server.data / "queue.sqlite"):
        reply = server.http.post(VIDEOS, files=upload_form(long_clip))
        assert reply.status_code == 503, reply.text
    assert server.http.get(VIDEOS).json() == {"videos": []}
    assert [name for name in server.leftovers() if name.startswith(("jobs", "uploads"))] == []


def test_check_looks_into_a_database_elsewhere(tmp_path: Path, tiny_model: Path) -> None:
    """It finds what is not in it, repairs that, and says when it cannot be reached."""
    pytest.importorskip("psycopg")
    job = tmp_path / "data" / "jobs" / ("0" * 32)
    job.mkdir(parents=True)
    (job / "file-as-received.mp4").write_bytes(b"x")
    record = JobRecord(job.name, "file-as-received.mp4", "a.mp4", 1e9, {"analysis": "no video"})
    write_record(job, record)
    with Postgres() as postgres:
        params = write_params(tmp_path, tiny_model, database_url=postgres.url("checked"))

        def check(*arguments: str) -> tuple[int, str]:
            command = [COMMAND, "check", "--params", params, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            return done.returncode, done.stdout + done.stderr

        assert check("--repair")[0] == 0
        assert "1 videos" in check()[1]
        job.rename(job.with_name("1" * 32))
        code, said = check()
        assert code == 1
        assert f"The queue has the video {'0' * 32}, but there is no folder" in said
        postgres.stop()
        assert check()[0] == 1
        code, said = check("--repair")
        assert code == 2
        assert "serving.database_url" in said
        assert "Traceback" not in said
