"""The demo performance, as a player requests it."""

from tests.serving.conftest import Start
from tests.serving.server import Server

DEMO = "/api/v1/demo/performance.mp4"


def test_the_performance_is_sent_as_a_whole_or_in_ranges(server: Server) -> None:
    """Players request the ranges they need."""
    whole = server.http.get(DEMO)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = server.http.get(DEMO, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    beyond = server.http.get(DEMO, headers={"Range": f"bytes={len(whole.content)}-"})
    assert beyond.status_code == 416


def test_a_service_without_it_says_so(start: Start) -> None:
    """The problem names the setting."""
    server = start(ready=False, demo_video="nowhere.mp4")
    reply = server.http.get(DEMO)
    assert reply.status_code == 404
    assert "serving.demo_video" in reply.json()["detail"]
