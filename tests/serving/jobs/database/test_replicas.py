"""Services that share a PostgreSQL queue and a store do each job once, whatever happens to one."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.serving.live.client import address
from tests.serving.postgres import Postgres
from tests.serving.server import VIDEOS, Server, write_params
from tests.waiting import wait_for

SERVICE_RESTART = 1012
pytestmark = [pytest.mark.release, pytest.mark.usefixtures("pose_model")]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="module", params=["folder", "bucket"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A folder that all services can reach, or a bucket of a server with S3's protocol."""
    if request.param == "folder":
        yield str(tmp_path_factory.mktemp("store"))
        return
    moto = pytest.importorskip("moto.server", reason="needs moto[server]")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_ALLOW_HTTP", "true")
        patch.setenv("AWS_ENDPOINT_URL", url)
        assert httpx.put(f"{url}/straps").status_code == 200
        yield "s3://straps"
    server.stop()


def replica(
    folder: Path, model: Path, postgres: Postgres, store: str, name: str, **serving: Any
) -> Server:
    """One of the services that share a store; each test has a part of it."""
    own = folder / name
    own.mkdir()
    database = postgres.url(f"db_{folder.name}".replace("-", "_"))
    shared = {"store": f"{store}/{folder.name}", "database_url": database}
    return Server(write_params(own, model, **shared | serving))


def outcome(server: Server, job_id: str) -> bytes:
    """The part of a timeline that does not name the job."""
    return server.timeline(job_id, format="csv")


@pytest.fixture
def pair(
    tmp_path: Path, tiny_model: Path, postgres: Postgres, store: str
) -> Iterator[list[Server]]:
    servers = [replica(tmp_path, tiny_model, postgres, store, name) for name in ("one", "two")]
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        if server.alive:
            os.kill(server.pid, signal.SIGCONT)
        server.close()


def test_everything_works_at_any_of_them(pair: list[Server], clip: Path) -> None:
    """What one has received, the other lists, serves and deletes, also while it is worked on."""
    one, two = pair
    job_ids = [one.submit(clip), two.submit(clip)]
    for server in pair:
        assert {job["id"] for job in server.http.get(VIDEOS).json()["videos"]} == set(job_ids)
    for job_id in job_ids:
        assert two.finished(job_id)["status"] == "done"
    assert outcome(one, job_ids[0]) == outcome(two, job_ids[0]) == outcome(one, job_ids[1])
    running = one.submit(clip)
    assert two.http.delete(f"{VIDEOS}/{running}").status_code == 204
    for server in pair:
        assert server.http.get(f"{VIDEOS}/{running}").status_code == 404


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_the_work_of_one_that_is_gone_is_taken_over(
    pair: list[Server], clip: Path, long_clip: Path, how: signal.Signals
) -> None:
    """The other finishes it with the same result; one that wakes up again does not repeat it."""
    one, two = pair
    expected = one.submit(clip)
    assert one.finished(expected)["status"] == "done"
    job_ids = [one.submit(long_clip) for _ in range(4)]
    wait_for(lambda: any(one.job(job_id)["frames_done"] for job_id in job_ids))
    if how == signal.SIGKILL:
        one.kill()
    else:
        os.kill(one.pid, how)
    for job_id in job_ids:
        assert two.finished(job_id)["status"] == "done"
    assert len({outcome(two, job_id) for job_id in job_ids}) == 1
    if how == signal.SIGSTOP:
        os.kill(one.pid, signal.SIGCONT)
        wait_for(lambda: one.http.get("/health/ready").status_code == 200)
        assert one.finished(job_ids[0])["status"] == "done"
        again = one.submit(clip)
        assert one.finished(again)["status"] == "done"
        assert outcome(one, again) == outcome(two, expected)


def test_roles(
    tmp_path: Path, tiny_model: Path, postgres: Postgres, store: str, clip: Path
) -> None:
    """A web service alone only accepts; a worker only works, and has no page.

    A web service that stops tells its live sessions to come back.
    """
    web = replica(tmp_path, tiny_model, postgres, store, "web", role="web").start()
    worker = replica(tmp_path, tiny_model, postgres, store, "worker", role="worker")
    try:
        job_id = web.submit(clip)
        assert web.job(job_id)["status"] == "queued"
        worker.start()
        assert web.finished(job_id)["status"] == "done"
        assert worker.http.get("/").status_code == 404
        assert worker.http.get(VIDEOS).status_code == 404
        assert b"straps_jobs_ended_total" in worker.http.get("/metrics").content
        with connect(address(web), compression=None) as socket:
            assert json.loads(socket.recv())["type"] == "ready"
            web.stop()
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == SERVICE_RESTART
    finally:
        worker.close()
        web.close()
