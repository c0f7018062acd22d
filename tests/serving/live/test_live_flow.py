"""When frames come faster than they are answered, not at all, or while the model changes."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from serving.live import trackers
from tests.serving.live.client import Client, jpeg
from tests.serving.live.gated_tracker import (
    CRASHING_IMAGE,
    HANGING_IMAGE,
    FragileTracker,
    Gate,
    GatedTracker,
)
from tests.serving.live.local_service import local_service
from tests.serving.server import Server
from tests.serving.tiny_model import write_tiny_model

pytestmark = pytest.mark.usefixtures("pose_model")


@pytest.fixture
def gate(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gate]:
    """Holds up every frame until it is opened."""
    gate = Gate(tmp_path_factory.mktemp("gate"))
    monkeypatch.setattr(trackers, "FrameTracker", partial(GatedTracker, gate))
    yield gate
    gate.open()


@pytest.fixture(scope="module")
def jpegs(performer_frames: list[NDArray[np.uint8]]) -> list[bytes]:
    return [jpeg(rgb) for rgb in performer_frames[:12]]


def test_the_newest_frame_wins_and_the_dropped_ones_are_counted(
    tmp_path: Path, tiny_model: Path, gate: Gate, jpegs: list[bytes]
) -> None:
    """Ten frames arrive while the first is being worked on: only the last of them is answered."""
    with local_service(tmp_path, tiny_model) as service, Client(service) as client:
        client.send(jpegs[0])
        gate.wait_until_reached()
        for picture in jpegs[1:11]:
            client.send(picture)
        # The service reads in order: once this is refused, all frames before it have arrived.
        client.socket.send(b"garbage")
        refusal = client.receive()
        assert (refusal["type"], refusal["dropped"]) == ("error", 9)
        gate.open()
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


@pytest.mark.parametrize(
    ("image", "words"), [(CRASHING_IMAGE, "crashed"), (HANGING_IMAGE, "took too long")]
)
def test_an_image_that_takes_its_process_down_costs_one_frame(
    tmp_path: Path,
    tiny_model: Path,
    jpegs: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    image: bytes,
    words: str,
) -> None:
    """The frame is refused by its number, the session continues, and others notice nothing."""
    monkeypatch.setattr(trackers, "FrameTracker", FragileTracker)
    with (
        local_service(tmp_path, tiny_model, max_sessions=2, frame_timeout_s=2) as service,
        Client(service) as other,
        Client(service) as client,
    ):
        assert other.ask(jpegs[0])["type"] == "pose"
        refusal = client.ask(image)
        assert (refusal["code"], refusal["frame_id"]) == ("bad_picture", 0)
        assert words in refusal["detail"]
        assert client.ask(jpegs[0])["type"] == "pose"
        assert other.ask(jpegs[1])["type"] == "pose"


def test_a_client_cannot_have_processes_replaced_for_ever(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third image that takes a process down ends the session."""
    monkeypatch.setattr(trackers, "FrameTracker", FragileTracker)
    with local_service(tmp_path, tiny_model) as service, Client(service) as client:
        for _ in range(2):
            assert client.ask(CRASHING_IMAGE)["type"] == "error"
        client.send(CRASHING_IMAGE)
        assert client.close_code() == 1008
