"""A service whose model is missing or unusable stays up, says why, and recovers."""

import shutil
from pathlib import Path

import pytest

from tests.serving.conftest import Start
from tests.serving.server import VIDEOS, upload_form
from tests.serving.tiny_model import write_tiny_model


def test_a_missing_model_is_reported_until_it_is_there(
    start: Start, tmp_path: Path, model: Path, clip: Path
) -> None:
    """Live but not ready, with the reason; ready after the file has been put in place."""
    model_path = tmp_path / "served.onnx"
    server = start(ready=False, model=model_path)
    server.wait_for(lambda: "loaded" not in server.http.get("/health/ready").text)
    reply = server.http.get("/health/ready")
    assert reply.status_code == 503
    assert reply.headers["content-type"] == "application/problem+json"
    assert str(model_path) in reply.json()["detail"]
    assert server.http.get("/health/live").status_code == 200
    assert server.http.get("/").status_code == 200
    for route in (VIDEOS, "/api/v1/photos"):
        refused = server.http.post(route, files=upload_form(clip))
        assert refused.status_code == 503
        assert str(model_path) in refused.json()["detail"]
    assert server.http.get("/api/v1/model").status_code == 503
    assert server.http.get(VIDEOS).json() == {"videos": []}
    shutil.copy(model, model_path)
    server.wait_for(lambda: server.http.get("/health/ready").status_code == 200)
    assert server.http.post("/api/v1/photos", files=upload_form(clip)).status_code == 422


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        pytest.param({}, "without the description of a pose classifier", id="another model"),
        pytest.param({"pose_classifier": "{}"}, "does not understand", id="another contract"),
    ],
)
def test_a_foreign_model_is_refused(
    start: Start, tmp_path: Path, metadata: dict[str, str], message: str
) -> None:
    """The message says what is wrong with the file."""
    foreign = write_tiny_model(tmp_path / "foreign.onnx", metadata)
    server = start(ready=False, model=foreign)
    server.wait_for(lambda: message in server.http.get("/health/ready").json()["detail"])
    assert server.http.get("/health/live").status_code == 200


def test_an_unusable_database_is_reported(start: Start) -> None:
    """The service is live but not ready, and requests about videos get the reason."""
    server = start(ready=False, database_url="sqlite:////nowhere/at/all/queue.sqlite")
    server.wait_for(lambda: "database" in server.http.get("/health/ready").json()["detail"])
    reply = server.http.get(VIDEOS)
    assert reply.status_code == 503
    assert "database" in reply.json()["detail"]
