"""The response of each route, and how it reports problems."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from shared_features.classify.classifier import PoseClassifier
from shared_features.landmarks.landmarks import LANDMARK_NAMES
from tests.clips import write_audio
from tests.serving.conftest import CLIP_FRAMES
from tests.serving.server import VIDEOS, Server, upload_form

Kept = tuple[Server, str]
UNKNOWN = "0" * 32


def assert_problem(reply: httpx.Response, status: int) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = reply.json()
    assert problem["status"] == status
    assert problem["type"]
    assert problem["title"]
    assert len(problem["detail"]) > 10
    assert problem["instance"] == reply.url.path
    return problem


def test_a_photo_gets_landmarks_and_probabilities(server: Server, photo: Path) -> None:
    """33 named points in the image and in space, a label and a probability for every pose."""
    body = server.http.post("/api/v1/photos", files=upload_form(photo)).json()
    assert body["person"]
    assert (body["width"], body["height"]) == (320, 240)
    assert [point["name"] for point in body["landmarks"]] == list(LANDMARK_NAMES)
    assert sum(body["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert body["label"] == max(body["probabilities"], key=body["probabilities"].get)
    assert body["confidence"] == max(body["probabilities"].values())
    assert body["uncertain"] == (body["confidence"] < 0.6)


def test_a_photo_without_its_last_bytes_is_used(
    server: Server, photo: Path, tmp_path: Path
) -> None:
    """The response says so."""
    paths = tmp_path / "whole.jpg", tmp_path / "cut.jpg"
    Image.open(photo).convert("RGB").save(paths[0])
    paths[1].write_bytes(paths[0].read_bytes()[:-2])
    whole, found = (
        server.http.post("/api/v1/photos", files=upload_form(path)).json() for path in paths
    )
    assert found["landmarks"] == whole["landmarks"]
    assert whole["notes"] == []
    assert len(found["notes"]) == 1


def test_a_photo_without_a_person_is_not_an_error(server: Server, empty_photo: Path) -> None:
    """The response has no label and no landmarks."""
    reply = server.http.post("/api/v1/photos", files=upload_form(empty_photo))
    assert reply.status_code == 200
    body = reply.json()
    assert (body["person"], body["label"], body["landmarks"]) == (False, None, None)
    assert (body["probabilities"], body["uncertain"]) == (None, False)


def test_a_file_that_is_not_a_photo_is_explained(server: Server) -> None:
    """422 with the client's name for the file."""
    reply = server.http.post("/api/v1/photos", files={"file": ("cat.jpg", b"not a photo")})
    assert "cat.jpg is not a photo" in assert_problem(reply, 422)["detail"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda _, __: b"no video at all", "is not a video", id="text"),
        pytest.param(
            lambda _, folder: write_audio(folder / "s.mp4").read_bytes(), "sound", id="sound"
        ),
        # Within its index, what FFmpeg says depends on the byte.
        pytest.param(lambda clip, _: clip[:200], "contains no video", id="header only"),
    ],
)
def test_a_bad_video_is_a_failed_job_with_a_message(
    server: Server, clip: Path, tmp_path: Path, make: Callable[[bytes, Path], bytes], message: str
) -> None:
    """The job says what is wrong with the file, using the client's name for it."""
    path = tmp_path / "bad.mp4"
    path.write_bytes(make(clip.read_bytes(), tmp_path))
    job_id = server.submit(path, "my.mp4")
    job = server.finished(job_id)
    assert job["status"] == "failed"
    assert message in job["problem"]["detail"]
    assert "my.mp4" in job["problem"]["detail"]
    assert "as-received" not in job["problem"]["detail"]
    problem = assert_problem(server.http.get(f"{VIDEOS}/{job_id}/timeline"), 409)
    assert message in problem["detail"]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_video_is_analysed_up_to_its_end(
    server: Server, clip: Path, tmp_path: Path, share: float
) -> None:
    """The timeline has a row for each frame that could be decoded."""
    path = tmp_path / "cut.mp4"
    content = clip.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    job_id = server.submit(path)
    assert server.finished(job_id)["status"] == "done"
    timeline = json.loads(server.timeline(job_id))
    assert timeline["media"]["status"] == "truncated"
    assert len(timeline["frames"]) == timeline["media"]["frames"] < CLIP_FRAMES


@pytest.mark.parametrize(
    ("request_with", "media_type"),
    [
        ({}, "application/json"),
        ({"headers": {"Accept": "*/*"}}, "application/json"),
        ({"headers": {"Accept": "text/csv"}}, "text/csv"),
        ({"headers": {"Accept": "text/vtt, text/csv;q=0.9"}}, "text/vtt"),
        ({"headers": {"Accept": "text/*"}}, "text/csv"),
        ({"params": {"format": "json"}}, "application/json"),
        ({"params": {"format": "csv"}}, "text/csv"),
        ({"params": {"format": "segments"}}, "text/csv"),
        ({"params": {"format": "vtt"}, "headers": {"Accept": "application/json"}}, "text/vtt"),
    ],
)
def test_a_timeline_comes_in_the_format_asked_for(
    kept: Kept, request_with: dict[str, Any], media_type: str
) -> None:
    """`format` takes precedence over `Accept`; JSON is the default."""
    server, job_id = kept
    reply = server.http.get(f"{VIDEOS}/{job_id}/timeline", **request_with)
    assert reply.status_code == 200
    assert reply.headers["content-type"].partition(";")[0] == media_type


def test_the_formats_say_the_same(kept: Kept) -> None:
    """Frames, segments and captions of a timeline agree."""
    server, job_id = kept
    timeline = json.loads(server.timeline(job_id))
    rows = list(csv.DictReader(io.StringIO(server.timeline(job_id, format="csv").decode())))
    assert [row["label"] for row in rows] == [frame["label"] for frame in timeline["frames"]]
    assert [float(row["pts_s"]) for row in rows] == [f["pts_s"] for f in timeline["frames"]]
    text = server.timeline(job_id, format="segments").decode()
    segments = list(csv.DictReader(io.StringIO(text)))
    assert [row["label"] for row in segments] == [s["label"] for s in timeline["segments"]]
    captions = server.timeline(job_id, format="vtt").decode()
    assert captions.startswith("WEBVTT\n\n")
    assert captions.count(" --> ") == len(segments)
    ends = [segment["end_s"] for segment in timeline["segments"]]
    assert [segment["start_s"] for segment in timeline["segments"]] == [0.0, *ends[:-1]]
    assert ends[-1] == timeline["media"]["duration_s"]


def test_an_unacceptable_format_is_refused(kept: Kept) -> None:
    """406 lists the formats on offer; an unknown `format` is 422."""
    server, job_id = kept
    url = f"{VIDEOS}/{job_id}/timeline"
    assert_problem(server.http.get(url, headers={"Accept": "image/png"}), 406)
    assert_problem(server.http.get(url, headers={"Accept": "text/csv;q=0"}), 406)
    assert_problem(server.http.get(url, params={"format": "xml"}), 422)


def test_a_timeline_that_is_not_finished_is_a_conflict(server: Server, long_clip: Path) -> None:
    """409 says that it has not finished."""
    job_id = server.submit(long_clip)
    problem = assert_problem(server.http.get(f"{VIDEOS}/{job_id}/timeline"), 409)
    assert "has not finished" in problem["detail"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("job_id", [UNKNOWN, "nothing", "%00", "a" * 3000])
def test_an_unknown_video_is_not_found(server: Server, method: str, job_id: str) -> None:
    """404, also for malformed IDs."""
    assert_problem(server.http.request(method, f"{VIDEOS}/{job_id}"), 404)


@pytest.mark.parametrize("part", ["timeline", "media"])
def test_parts_of_an_unknown_video_are_not_found(server: Server, part: str) -> None:
    """404 for parts of a video that does not exist."""
    assert_problem(server.http.get(f"{VIDEOS}/{UNKNOWN}/{part}"), 404)


def test_a_method_that_is_not_allowed_names_those_that_are(server: Server) -> None:
    """405 with every method of the path in `Allow`, and no other."""
    for path, allowed in (
        (VIDEOS, {"GET", "POST"}),
        (f"{VIDEOS}/demo", {"GET", "POST", "DELETE"}),
        ("/api/v1/openapi.json", {"GET", "HEAD"}),
        ("/web/app.js", {"GET", "HEAD"}),
        ("/", {"GET"}),
    ):
        reply = server.http.put(path)
        assert_problem(reply, 405)
        assert set(reply.headers["allow"].split(", ")) == allowed, path


def test_the_player_gets_ranges_of_the_video(kept: Kept, clip: Path) -> None:
    """206 with exactly the requested bytes, 416 for bytes outside the file."""
    server, job_id = kept
    url, content = f"{VIDEOS}/{job_id}/media", clip.read_bytes()
    whole = server.http.get(url)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == "video/mp4"
    part = server.http.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
    last = server.http.get(url, headers={"Range": "bytes=-5"})
    assert (last.status_code, last.content) == (206, content[-5:])
    for wrong in (f"bytes={len(content)}-", "bytes=9-5", "bytes=x-y", "lines=1-2", "bytes=-0"):
        reply = server.http.get(url, headers={"Range": wrong})
        assert_problem(reply, 416)
        assert reply.headers["content-range"] == f"bytes */{len(content)}"


def test_the_demo_performance_is_a_job_like_any_other(server: Server) -> None:
    """It is queued without an upload."""
    reply = server.http.post(f"{VIDEOS}/demo")
    assert reply.status_code == 202
    assert server.finished(reply.json()["id"])["status"] == "done"


def test_landmarks_get_the_predictions_of_the_model(kept: Kept, model: Path) -> None:
    """The probabilities equal those computed from the same landmarks in this process."""
    server, _ = kept
    rng = np.random.default_rng(3)
    image, world = rng.random((4, 33, 2)).round(4), rng.normal(0, 0.3, (4, 33, 3)).round(4)
    frames = [{"image": i.tolist(), "world": w.tolist()} for i, w in zip(image, world, strict=True)]
    given = {"width": 640, "height": 360, "frames": [*frames, {"image": None}]}
    body = server.http.post("/api/v1/landmarks", json=given).json()
    classifier = PoseClassifier(model)
    features = classifier.contract.features.compute(
        image.astype(np.float32), world.astype(np.float32), 640 / 360
    )
    for frame, expected in zip(body["frames"], classifier.probabilities(features), strict=False):
        assert list(frame["probabilities"].values()) == pytest.approx(expected, abs=1e-4)
    assert body["frames"][-1]["person"] is False
    assert body["segments"] is None
    for index, frame in enumerate(given["frames"]):
        frame["pts_s"] = index * 0.04
    timed = server.http.post("/api/v1/landmarks", json=given).json()
    assert timed["segments"][0]["start_s"] == 0
    assert [frame["probabilities"] for frame in timed["frames"]] == [
        frame["probabilities"] for frame in body["frames"]
    ]


POINTS = [[0.5, 0.5]] * 33


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param("{", 422, id="half an object"),
        pytest.param('{"width": 1, "height": 1, "frames": []}', 422, id="no frames"),
        pytest.param({"frames": [{"image": POINTS}]}, 422, id="no size"),
        pytest.param({"frames": [{"image": POINTS[1:]}], "width": 1, "height": 1}, 422, id="32"),
        pytest.param(
            '{"width": 1, "height": 1, "frames": [{"image": [[NaN, 0.5]]}]}', 422, id="not a number"
        ),
        pytest.param(
            {"frames": [{"image": None, "pts_s": 1}, {"image": None}], "width": 1, "height": 1},
            422,
            id="half the times",
        ),
        pytest.param(
            {"frames": [{"image": None, "pts_s": 1}] * 2, "width": 1, "height": 1},
            422,
            id="times that stand still",
        ),
        pytest.param(
            {"frames": [{"image": None}] * 51, "width": 1, "height": 1}, 413, id="too many"
        ),
        pytest.param(" " * 2_000_000, 413, id="too large"),
        pytest.param(b"\xff\xfe", 422, id="no text"),
        pytest.param("[" * 3000, 422, id="too deep"),
        pytest.param("[" * 100_000, 422, id="too many parts"),
        pytest.param('{"frames": [' + "1," * 100_000 + "1]}", 422, id="too many entries"),
    ],
)
def test_malformed_landmarks_are_explained(server: Server, content: Any, status: int) -> None:
    """Each malformed body has its status, and a message that can be sent as JSON."""
    text = json.dumps(content) if isinstance(content, dict) else content
    reply = server.http.post(
        "/api/v1/landmarks", content=text, headers={"Content-Type": "application/json"}
    )
    assert_problem(reply, status)


def test_landmarks_of_another_type_are_refused(server: Server) -> None:
    """415 for a form."""
    assert_problem(server.http.post("/api/v1/landmarks", data={"a": "b"}), 415)


def test_the_model_describes_itself(server: Server, model: Path) -> None:
    """The facts of its file, its hash, and the limits of requests."""
    body = server.http.get("/api/v1/model").json()
    classifier = PoseClassifier(model)
    assert body["sha256"] == classifier.sha256
    assert body["labels"] == list(classifier.labels)
    assert body["features"] == list(classifier.contract.features.columns)
    assert body["limits"]["max_landmark_frames"] == 50


def test_every_response_has_the_security_headers(server: Server) -> None:
    """Page, API and errors alike."""
    for route in ("/", "/api/v1/model", "/nothing", "/web/app.js"):
        headers = server.http.get(route).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_requests_from_other_websites_are_refused(server: Server, clip: Path, site: str) -> None:
    """Another website cannot make the browser upload or delete; reading is harmless."""
    headers = {"Sec-Fetch-Site": site}
    assert_problem(server.http.post(VIDEOS, files=upload_form(clip), headers=headers), 403)
    assert server.http.get("/health/live", headers=headers).status_code == 200
