"""The queue in PostgreSQL: shared without mixing jobs up, and missed without hanging."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.conftest import Start
from tests.serving.postgres import Postgres
from tests.serving.server import VIDEOS
from tests.waiting import wait_for

pytestmark = pytest.mark.release


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    with Postgres() as server:
        yield server


def test_two_services_share_a_database_and_no_jobs(
    start: Start, postgres: Postgres, tmp_path: Path
) -> None:
    """Each runs the jobs whose files it has, and lists no others, even after a crash."""
    (tmp_path / "text.mp4").write_text("no video")
    url = postgres.url("shared")
    first = start(ready=False, database_url=url)
    second = start(ready=False, database_url=url)
    ids = {}
    for server in (first, second):
        wait_for(lambda server=server: server.http.get("/api/v1/model").status_code == 200)
        wait_for(lambda server=server: server.http.get(VIDEOS).status_code == 200)
        ids[server] = [server.submit(tmp_path / "text.mp4") for _ in range(3)]
    first.kill()
    first.start(ready=False)
    wait_for(lambda: first.http.get(VIDEOS).status_code == 200)
    for server, own in ids.items():
        for job_id in own:
            assert "not a video" in server.finished(job_id)["problem"]["detail"]
        listed = [job["id"] for job in server.http.get(VIDEOS).json()["videos"]]
        assert sorted(listed) == sorted(own)


def test_a_database_that_is_silent_is_said_and_not_waited_for(
    start: Start, postgres: Postgres
) -> None:
    """Not ready, and problems instead of requests that hang; all is well when it answers again."""
    server = start(database_url=postgres.url("silent"))
    assert server.http.get(VIDEOS).json() == {"videos": []}
    for stop, resume in (
        (postgres.freeze, postgres.thaw),
        (postgres.stop, postgres.start),
    ):
        stop()
        reply = server.http.get(VIDEOS)
        assert reply.status_code == 503
        assert "does not answer" in reply.json()["detail"]
        wait_for(lambda: server.http.get("/health/ready").status_code == 503)
        assert "does not answer" in server.http.get("/health/ready").json()["detail"]
        assert server.http.get("/health/live").status_code == 200
        resume()
        wait_for(lambda: server.http.get("/health/ready").status_code == 200)
        wait_for(lambda: server.http.get(VIDEOS).status_code == 200)
    postgres.freeze()
    try:
        assert server.stop() == 0  # it does not keep the service from ending, either
    finally:
        postgres.thaw()
