"""Shared fixtures: a service, a model, and clips of a rendered performer."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from shared_features.media.video.writer import VideoWriter
from shared_features.params import PROJECT_ROOT
from tests.serving.server import Server, write_params
from tests.serving.tiny_model import write_tiny_model
from training.synthetic.performance import performance_frames

FRAMES_PER_SECOND = 25
CLIP_FRAMES = 60
LONG_CLIP_FRAMES = 150

Start = Callable[..., Server]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A copy of the project's model, if there is one: promotion may replace it during the run."""
    own = PROJECT_ROOT / "models" / "pose_classifier.onnx"
    if not own.is_file():
        return tiny_model
    return Path(shutil.copy(own, tmp_path_factory.mktemp("model") / own.name))


@pytest.fixture(scope="session")
def performer_frames() -> list[NDArray[np.uint8]]:
    """Two seconds of a performer moving into a pose and holding it."""
    frames = performance_frames(5, height=240, width=320, start_s=8.0, end_s=10.0)
    return [rgb for rgb, _, _ in frames]


def _write(path: Path, images: list[NDArray[np.uint8]], frames: int) -> Path:
    to_and_fro = images + images[-2:0:-1]
    height, width = images[0].shape[:2]
    with VideoWriter(path, width, height) as writer:
        for index in range(frames):
            writer.write(to_and_fro[index % len(to_and_fro)], index / FRAMES_PER_SECOND)
    return path


@pytest.fixture(scope="session")
def clip(
    tmp_path_factory: pytest.TempPathFactory, performer_frames: list[NDArray[np.uint8]]
) -> Path:
    """Three chunks of a performer."""
    return _write(tmp_path_factory.mktemp("clips") / "clip.mp4", performer_frames, CLIP_FRAMES)


@pytest.fixture(scope="session")
def long_clip(
    tmp_path_factory: pytest.TempPathFactory, performer_frames: list[NDArray[np.uint8]]
) -> Path:
    """Long enough to interrupt its analysis."""
    return _write(tmp_path_factory.mktemp("clips") / "long.mp4", performer_frames, LONG_CLIP_FRAMES)


@pytest.fixture(scope="session")
def photo(
    tmp_path_factory: pytest.TempPathFactory, performer_frames: list[NDArray[np.uint8]]
) -> Path:
    path = tmp_path_factory.mktemp("photos") / "pose.png"
    Image.fromarray(performer_frames[-1]).save(path)
    return path


@pytest.fixture(scope="session")
def empty_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "empty.png"
    Image.new("RGB", (320, 240), (90, 120, 160)).save(path)
    return path


@pytest.fixture
def start(tmp_path: Path, model: Path, pose_model: Path) -> Iterator[Start]:
    """Starts services with custom settings; they stop at the end of the test."""
    servers = []

    def started(ready: bool = True, **serving: Any) -> Server:
        folder = tmp_path / f"service{len(servers)}"
        folder.mkdir()
        server = Server(write_params(folder, serving.pop("model", model), **serving))
        servers.append(server)
        return server.start(ready)

    yield started
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def shared_server(
    tmp_path_factory: pytest.TempPathFactory, model: Path, pose_model: Path, clip: Path
) -> Iterator[Server]:
    """One service for all tests that clean up after themselves."""
    params = write_params(
        tmp_path_factory.mktemp("service"),
        model,
        max_upload_mb=2,
        max_photo_mb=1,
        max_landmark_frames=50,
        max_queued_jobs=1000,
        max_landmarks_mb=1,
        upload_timeout_s=3,
        upload_idle_timeout_s=1,
        demo_video=str(clip),
        allowed_hosts=["straps.example"],
    )
    server = Server(params, installed=True).start()
    yield server
    server.close()


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The shared service, without jobs; a test that leaves files or tracebacks fails."""
    assert shared_server.alive, shared_server.log.read_text()
    logged = shared_server.log.stat().st_size
    yield shared_server
    shared_server.delete_all()
    # The service may be about to notice that a client has disconnected.
    shared_server.wait_for(lambda: not shared_server.leftovers())
    assert b"Traceback" not in shared_server.log.read_bytes()[logged:]


@pytest.fixture(scope="session")
def finished_job(shared_server: Server, clip: Path) -> str:
    job_id = shared_server.submit(clip, "routine.mp4")
    shared_server.kept.add(job_id)
    assert shared_server.finished(job_id)["status"] == "done"
    return job_id


@pytest.fixture
def kept(server: Server, finished_job: str) -> tuple[Server, str]:
    """The shared service and its finished job, read-only."""
    return server, finished_job
