"""A service whose model is missing or foreign stays up, says why, and recovers."""

import shutil
from pathlib import Path

import pytest

from tests.serving.conftest import Start
from tests.serving.server import VIDEOS, upload_form
from tests.serving.tiny_model import write_tiny_model


def test_a_missing_model_is_named_until_it_is_there(
    start: Start, tmp_path: Path, model: Path, clip: Path
) -> None:
    """Live, not ready with the reason, other routes 503; ready once the file is in place."""
    place = tmp_path / "served.onnx"
    server = start(ready=False, model=place)
    server.wait_for(lambda: "loaded" not in server.http.get("/health/ready").text)
    reply = server.http.get("/health/ready")
    assert reply.status_code == 503
    assert reply.headers["content-type"] == "application/problem+json"
    assert str(place) in reply.json()["detail"]
    assert server.http.get("/health/live").status_code == 200
    assert server.http.get("/").status_code == 200
    for route in (VIDEOS, "/api/v1/photos"):
        refused = server.http.post(route, files=upload_form(clip))
        assert refused.status_code == 503
        assert str(place) in refused.json()["detail"]
    assert server.http.get("/api/v1/model").status_code == 503
    assert server.http.get(VIDEOS).json() == {"videos": []}
    shutil.copy(model, place)
    server.wait_for(lambda: server.http.get("/health/ready").status_code == 200)
    assert server.http.post("/api/v1/photos", files=upload_form(clip)).status_code == 422


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        pytest.param({}, "without the description of a pose classifier", id="another model"),
        pytest.param({"pose_classifier": "{}"}, "does not understand", id="another contract"),
    ],
)
def test_a_foreign_model_is_refused(
    start: Start, tmp_path: Path, metadata: dict[str, str], told: str
) -> None:
    """The file is named with what is wrong with it."""
    foreign = write_tiny_model(tmp_path / "foreign.onnx", metadata)
    server = start(ready=False, model=foreign)
    server.wait_for(lambda: told in server.http.get("/health/ready").json()["detail"])
    assert server.http.get("/health/live").status_code == 200


def test_a_database_that_cannot_be_used_is_a_reason(start: Start) -> None:
    """Live, not ready; photos are answered all the same."""
    server = start(ready=False, database_url="sqlite:////nowhere/at/all/queue.sqlite")
    server.wait_for(lambda: "database" in server.http.get("/health/ready").json()["detail"])
    reply = server.http.get(VIDEOS)
    assert reply.status_code == 503
    assert "database" in reply.json()["detail"]
