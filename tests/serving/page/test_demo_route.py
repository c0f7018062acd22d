"""The demo performance, as a player requests it."""

import asyncio
from pathlib import Path

import httpx

from serving.app import create_app
from serving.settings import load_settings
from serving.storage.data_dir import DataDir
from tests.serving.server import Server, write_params

DEMO = "/api/v1/demo/performance.mp4"


def test_the_performance_is_sent_as_a_whole_or_in_ranges(server: Server) -> None:
    """Players request the ranges they need."""
    whole = server.http.get(DEMO)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = server.http.get(DEMO, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    beyond = server.http.get(DEMO, headers={"Range": f"bytes={len(whole.content)}-"})
    assert beyond.status_code == 416


def test_a_service_without_it_says_so(tmp_path: Path, tiny_model: Path) -> None:
    """The problem names the setting."""
    settings = load_settings(write_params(tmp_path, tiny_model, demo_video="nowhere.mp4"))

    async def request(data_dir: DataDir) -> httpx.Response:
        transport = httpx.ASGITransport(create_app(settings, data_dir))  # without its start-up
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(DEMO)

    with DataDir(settings.serving.data_dir) as data_dir:
        response = asyncio.run(request(data_dir))
    assert response.status_code == 404
    assert "serving.demo_video" in response.json()["detail"]
