"""When frames come faster than they are answered, not at all, or while the model changes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_features.media.frames import RgbArray
from shared_features.pose.estimator import Person, PoseEstimator
from tests.serving.live.client import Client, jpeg
from tests.serving.live.local_service import local_service
from tests.serving.server import PATIENCE_S, Server
from tests.serving.tiny_model import write_tiny_model

pytestmark = pytest.mark.usefixtures("pose_model")


class Gate:
    """Holds up the pose network until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    people = PoseEstimator.people

    def held_up(self: PoseEstimator, rgb: RgbArray, pts_s: float = 0.0) -> list[Person]:
        gate.reached.set()
        assert gate.opened.wait(PATIENCE_S)
        return people(self, rgb, pts_s)

    monkeypatch.setattr(PoseEstimator, "people", held_up)
    yield gate
    gate.opened.set()


@pytest.fixture(scope="module")
def jpegs(performer_frames: list[NDArray[np.uint8]]) -> list[bytes]:
    return [jpeg(rgb) for rgb in performer_frames[:12]]


def test_the_newest_frame_wins_and_the_dropped_ones_are_counted(
    tmp_path: Path, tiny_model: Path, gate: Gate, jpegs: list[bytes]
) -> None:
    """Ten frames arrive while the first is being worked on: only the last of them is answered."""
    with local_service(tmp_path, tiny_model) as service, Client(service) as client:
        client.send(jpegs[0])
        assert gate.reached.wait(PATIENCE_S)
        for picture in jpegs[1:11]:
            client.send(picture)
        # The service reads in order: once this is refused, all frames before it have arrived.
        client.socket.send(b"garbage")
        refusal = client.receive()
        assert (refusal["type"], refusal["dropped"]) == ("error", 9)
        gate.opened.set()
        first, newest = client.receive(), client.receive()
        after = client.ask(jpegs[11])
    assert [message["type"] for message in (first, newest, after)] == ["pose"] * 3
    assert [message["frame_id"] for message in (first, newest, after)] == [0, 10, 11]
    assert newest["dropped"] == after["dropped"] == 9


def test_a_silent_session_is_closed(tmp_path: Path, tiny_model: Path) -> None:
    """A session without frames would take a place from others."""
    with (
        local_service(tmp_path, tiny_model, idle_timeout_s=0.2) as service,
        Client(service) as client,
    ):
        assert client.close_code() == 4408


def test_another_model_introduces_itself(tmp_path: Path, jpegs: list[bytes]) -> None:
    """A session continues with the new model, after a new `ready`."""
    model = write_tiny_model(tmp_path / "tiny.onnx")
    with local_service(tmp_path, model) as service, Client(service) as client:
        before = client.ready["model"]["sha256"]
        assert client.ask(jpegs[0])["type"] == "pose"
        write_tiny_model(tmp_path / "new.onnx", seed=8).replace(model)
        Server.wait_for(lambda: service.engine.classifier().sha256 != before)
        again = client.ask(jpegs[1])
        assert again["type"] == "ready"
        assert again["model"]["sha256"] == service.engine.classifier().sha256
        assert client.receive()["type"] == "pose"
