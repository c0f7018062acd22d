"""After a scripted run, the metrics of a running service equal what its client counted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.live.client import Client, jpeg
from tests.serving.server import VIDEOS, Server, upload_form, write_params
from tests.waiting import wait_for

PREFIX = "/straps"
ADMIN, MEMBER = "admin-" + "a" * 24, "member-" + "m" * 24


@pytest.fixture(scope="module")
def observed(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, pose_model: Path
) -> Iterator[Server]:
    """A service under a path prefix, with an access log in JSON."""
    del pose_model  # needed by the service
    folder = tmp_path_factory.mktemp("observed")
    (folder / "tokens").write_text(f"ada:{ADMIN}:admin\nmia:{MEMBER}\n")
    params = write_params(
        folder,
        tiny_model,
        root_path=PREFIX,
        log_format="json",
        access_log=True,
        tokens_file="tokens",
    )
    server = Server(params)
    server.http.headers["Authorization"] = f"Bearer {ADMIN}"
    yield server.start()
    server.close()


def values(server: Server) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    reply = server.http.get("/metrics")
    assert reply.status_code == 200
    families = text_string_to_metric_families(reply.text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(server: Server, name: str, **labels: str) -> float:
    return values(server).get((f"straps_{name}", frozenset(labels.items())), 0.0)


def test_requests_videos_photos_and_frames_are_counted(
    observed: Server,
    clip: Path,
    photo: Path,
    performer_frames: list[NDArray[np.uint8]],
) -> None:
    """Each number of the client's own count is there, and nothing else."""
    http = observed.http
    before = values(observed)
    for _ in range(3):
        assert http.get("/api/v1/model").status_code == 200
    for _ in range(2):
        assert http.get(f"{VIDEOS}/{'0' * 32}").status_code == 404
    assert http.get("/no/such/path").status_code == 404
    job_id = observed.submit(clip)
    observed.finished(job_id)
    assert http.post("/api/v1/photos", files=upload_form(photo)).status_code == 200
    broken = {"file": ("a.jpg", b"no photo")}
    assert http.post("/api/v1/photos", files=broken).status_code == 422
    bearer = {"Authorization": f"Bearer {ADMIN}"}
    with Client(observed, additional_headers=bearer) as client:
        image = jpeg(performer_frames[0])
        for _ in range(4):
            client.send(image)
            assert client.receive()["type"] == "pose"
        assert value(observed, "live_sessions_open") == 1
    wait_for(lambda: value(observed, "live_sessions_open") == 0)
    after = values(observed)

    def more(name: str, **labels: str) -> float:
        key = f"straps_{name}", frozenset(labels.items())
        return after.get(key, 0.0) - before.get(key, 0.0)

    def requests(route: str, status: int, method: str = "GET") -> float:
        return more("http_requests_total", route=route, status=str(status), method=method)

    assert requests("/api/v1/model", 200) == 3
    assert requests("/api/v1/videos/{video_id}", 404) == 2
    assert requests("unmatched", 404) == 1
    assert requests("/api/v1/videos", 202, "POST") == 1
    assert requests("/api/v1/photos", 200, "POST") == 1
    assert more("photos_total", outcome="processed") == 1
    assert more("photos_total", outcome="unreadable") == 1
    assert more("jobs_ended_total", kind="analysis", outcome="succeeded") == 1
    assert more("analyzed_frames_total") == observed.job(job_id)["frames_done"]
    assert more("jobs", state="done") == 1
    assert more("live_sessions_total", outcome="accepted") == 1
    assert more("live_frames_received_total") == 4
    assert more("live_frames_total", outcome="answered") == 4
    assert more("live_frames_total", outcome="dropped") == 0
    assert more("live_frame_duration_seconds_count") == 4
    assert value(observed, "ready") == 1
    assert value(observed, "disk_free_bytes") > 0


def test_frames_add_up(observed: Server, performer_frames: list[NDArray[np.uint8]]) -> None:
    """Whatever a session does, each frame is answered, dropped or refused."""
    before = {name: value(observed, "live_frames_total", outcome=name) for name in OUTCOMES}
    received = value(observed, "live_frames_received_total")
    with Client(observed, additional_headers={"Authorization": f"Bearer {ADMIN}"}) as client:
        images = [jpeg(performer_frames[0]), b"no image"] * 4
        for image in images:
            client.send(image)
        dropped = answered = refused = 0
        while dropped + answered + refused < len(images):
            message = client.receive()
            answered += message["type"] == "pose"
            refused += message["type"] == "error"
            dropped = message["dropped"]
    after = {name: value(observed, "live_frames_total", outcome=name) for name in OUTCOMES}
    counted = {name: after[name] - before[name] for name in OUTCOMES}
    assert counted == {"answered": answered, "dropped": dropped, "refused": refused}
    assert value(observed, "live_frames_received_total") - received == len(images)


OUTCOMES = ("answered", "dropped", "refused")


def test_metrics_are_for_admins(observed: Server) -> None:
    """They tell how much others use the service."""
    for token in (MEMBER, "unknown-" + "u" * 20):
        reply = observed.http.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert reply.status_code in (401, 404)
        assert b"straps_" not in reply.content


def test_every_request_has_an_id_that_the_log_repeats(observed: Server) -> None:
    """A fit ID of the client is kept, anything else gets a new one."""
    mine = observed.http.get("/health/live", headers={"X-Request-ID": "from-the-proxy.1"})
    assert mine.headers["x-request-id"] == "from-the-proxy.1"
    forged = observed.http.get("/health/live", headers={"X-Request-ID": 'a" {"level": "error'})
    assert re.fullmatch("[0-9a-f]{32}", forged.headers["x-request-id"])
    refused = observed.http.get("/", headers={"Host": "evil.example"})
    assert refused.status_code == 421

    def entries() -> dict[str, dict[str, object]]:
        lines = [json.loads(line) for line in observed.log.read_text().splitlines()]
        return {line["request_id"]: line for line in lines if "status" in line}

    wait_for(lambda: refused.headers["x-request-id"] in entries())
    assert entries()["from-the-proxy.1"]["status"] == 200
    assert entries()["from-the-proxy.1"]["client"] == "ada"
    assert entries()[refused.headers["x-request-id"]]["status"] == 421


def test_the_service_is_there_with_and_without_its_prefix(observed: Server) -> None:
    """A proxy may pass the prefix on or strip it; links and cookies carry it in both cases."""
    for before in ("", PREFIX):
        assert observed.http.get(f"{before}/").status_code == 200
        assert observed.http.get(f"{before}/web/app.js").status_code == 200
        videos = observed.http.get(f"{before}{VIDEOS}").json()["videos"]
        assert all(job["links"]["self"].startswith(f"{PREFIX}/api/") for job in videos)
        problem = observed.http.get(f"{before}/api/v1/nothing").json()
        assert problem["instance"] == f"{PREFIX}/api/v1/nothing"
        login = observed.http.post(f"{before}/api/v1/session", json={"token": ADMIN})
        assert f"Path={PREFIX}/;" in login.headers["set-cookie"]
        wrong = observed.http.put(f"{before}{VIDEOS}")
        assert wrong.status_code == 405
        assert set(wrong.headers["allow"].split(", ")) == {"GET", "POST"}
    redirect = observed.http.get(PREFIX)
    assert (redirect.status_code, redirect.headers["location"]) == (308, f"{PREFIX}/")
    document = observed.http.get(f"{PREFIX}/api/v1/openapi.json").json()
    assert document["servers"] == [{"url": PREFIX}]
