"""Requests about a finished job ask the database once."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy

from serving.app import create_app
from serving.http.services import Services
from serving.jobs import JobState, OverlayState
from serving.overlay.files import HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE
from serving.settings import load_settings
from serving.storage.data_dir import DataDir
from tests.serving.jobs.instant import replace_work
from tests.serving.server import VIDEOS, Server, write_params

Get = Callable[..., httpx.Response]

REQUESTS: dict[str, tuple[str, dict[str, str], int]] = {
    "state": ("", {}, 200),
    "range of the video": ("/media", {"Range": "bytes=0-3"}, 206),
    "range of the overlay": ("/overlay.mp4", {"Range": "bytes=0-3"}, 206),
    "summary": ("/summary.png", {}, 200),
    "holds": ("/holds", {}, 200),
    "missing hold": ("/holds/1.jpg", {}, 404),
    "timeline": ("/timeline", {}, 200),
    "landmarks": ("/timeline?format=landmarks", {}, 200),
    "angles": ("/angles", {}, 200),
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A service with a real queue, whose work takes no time; no model is loaded."""
    folder = tmp_path_factory.mktemp("service")
    settings = load_settings(write_params(folder, folder / "none.onnx"))
    with pytest.MonkeyPatch.context() as patch, DataDir(folder / "data") as data_dir:
        replace_work(patch)
        services: Services = create_app(settings, data_dir).state.services
        services.jobs.start()
        assert services.jobs.problem is None
        yield services
        services.jobs.stop()


@pytest.fixture(scope="module")
def job_id(services: Services) -> str:
    """A job that is done and drawn."""
    with services.data_dir.receiving() as folder:
        (folder / "file.mp4").write_bytes(b"a video")
        job = services.jobs.submit(folder, "file.mp4", "routine.mp4")

    def is_drawn() -> bool:
        found = services.jobs.get(job.id)
        assert found.state != JobState.FAILED, found.problem
        return found.overlay is not None and found.overlay.state == OverlayState.READY

    Server.wait_for(is_drawn)
    return job.id


@pytest.fixture
def get(services: Services) -> Get:
    """Sends a request to the routes in this process; the application's start-up is left out."""
    app = create_app(services.settings, services.data_dir)
    app.state.services = services

    async def send(path: str, headers: dict[str, str] | None) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers=headers)

    return lambda path, headers=None: asyncio.run(send(path, headers))


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """SQL sent for requests, not by the queue's own polling."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if threading.current_thread().name.startswith("queue-call"):
            seen.append(statement)

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    yield seen
    sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("wanted", REQUESTS)
def test_a_request_about_a_job_is_one_query(
    get: Get, job_id: str, statements: list[str], wanted: str
) -> None:
    """A player sends a range request for every few seconds of video, so each must be cheap."""
    path, headers, status = REQUESTS[wanted]
    response = get(f"{VIDEOS}/{job_id}{path}", headers)
    assert response.status_code == status, response.text
    assert len(statements) == 1, statements


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/media", "file.mp4"),
        ("/overlay.mp4", OVERLAY_FILE),
        ("/summary.png", SUMMARY_FILE),
        ("/holds", HOLDS_FILE),
        ("/timeline", "timeline.json"),
        ("/timeline?format=eaf", "poses.eaf"),
        ("/angles", "angles.json"),
    ],
)
def test_a_file_that_is_missing_is_not_found(
    services: Services, get: Get, job_id: str, path: str, name: str
) -> None:
    """The answer names it; nothing breaks off."""
    file = services.jobs.get(job_id).folder / name
    away = file.rename(file.with_name("away"))
    try:
        response = get(f"{VIDEOS}/{job_id}{path}")
    finally:
        away.rename(file)
    assert response.status_code == 404
    assert f"{name} is missing" in response.json()["detail"]


def test_the_list_of_jobs_is_one_query(get: Get, job_id: str, statements: list[str]) -> None:
    """Not one per job."""
    videos = get(VIDEOS).json()["videos"]
    assert [video["id"] for video in videos] == [job_id]
    assert len(statements) == 1, statements
