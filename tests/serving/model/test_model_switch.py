"""The model file is replaced while the service runs."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import psutil
import pytest
from numpy.typing import NDArray

from serving.model.engine import Engine
from serving.settings import load_settings
from shared_features.classify.classifier import CONTRACT_KEY, PoseClassifier
from shared_features.media.video.writer import VideoWriter
from shared_features.params import load_shared
from tests.serving.conftest import FRAMES_PER_SECOND, Start
from tests.serving.server import PATIENCE_S, VIDEOS, Server, upload_form, write_params
from tests.serving.tiny_model import write_tiny_model

SWITCHES = 10
LONG_FRAMES = 400
MODEL_FILE = "served.onnx"
LANDMARKS: dict[str, Any] = {
    "width": 640,
    "height": 360,
    "frames": [
        {"image": np.random.default_rng(seed).random((33, 2)).round(4).tolist(), "pts_s": seed / 25}
        for seed in range(3)
    ],
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models of equal size and modification time, with different labels and weights."""
    folder = tmp_path_factory.mktemp("models")
    poses = tuple(load_shared().labels.poses)
    one = write_tiny_model(folder / "one.onnx")
    other = write_tiny_model(
        folder / "other.onnx", poses=tuple(pose.upper() for pose in poses), seed=8
    )
    assert one.stat().st_size == other.stat().st_size
    for path in (one, other):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return one, other


@pytest.fixture(scope="module")
def classifiers(models: tuple[Path, Path]) -> dict[str, PoseClassifier]:
    """The two models by SHA-256."""
    found = [PoseClassifier(path) for path in models]
    return {classifier.sha256: classifier for classifier in found}


@pytest.fixture(scope="module")
def long_video(
    tmp_path_factory: pytest.TempPathFactory, performer_frames: list[NDArray[np.uint8]]
) -> Path:
    """A video whose analysis takes longer than a switch of models."""
    path = tmp_path_factory.mktemp("clips") / "long.mp4"
    height, width = performer_frames[0].shape[:2]
    with VideoWriter(path, width, height) as writer:
        for index in range(LONG_FRAMES):
            writer.write(performer_frames[index % len(performer_frames)], index / FRAMES_PER_SECOND)
    return path


@pytest.fixture(scope="module")
def common_server(
    tmp_path_factory: pytest.TempPathFactory, models: tuple[Path, Path], pose_model: Path
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("service")
    put_in_place(models[0], folder / MODEL_FILE)
    server = Server(write_params(folder, folder / MODEL_FILE)).start()
    yield server
    server.close()


@pytest.fixture
def switched(common_server: Server, models: tuple[Path, Path]) -> tuple[Server, Path]:
    """A service that serves the first model, and the path of its model file."""
    path = common_server.params.with_name(MODEL_FILE)
    put_in_place(models[0], path)
    wait_for_model(common_server, models[0])
    return common_server, path


def sha256_of(path: Path) -> str:
    return PoseClassifier(path).sha256


def put_in_place(model: Path, path: Path) -> None:
    """Replace the file atomically, as promotion does, keeping the modification time."""
    temporary = path.with_name(".part.onnx")
    shutil.copy2(model, temporary)
    temporary.replace(path)


def model_of(server: Server) -> dict[str, Any]:
    reply = server.http.get("/api/v1/model")
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def wait_for_model(server: Server, model: Path) -> None:
    sha256 = sha256_of(model)
    server.wait_for(lambda: model_of(server)["sha256"] == sha256)


def ask(server: Server) -> dict[str, Any]:
    reply = server.http.post("/api/v1/landmarks", json=LANDMARKS)
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


class Traffic:
    """Clients that send requests without a pause, each on its own thread.

    Attributes:
        responses: Times of request and response, kind of request, status and body of each.
        errors: Errors of the clients.
    """

    def __init__(self, server: Server, photo: Path) -> None:
        self.responses: list[tuple[float, float, str, int, dict[str, Any]]] = []
        self.errors: list[Exception] = []
        self._url = server.url
        self._photo = upload_form(photo)
        self._ended = threading.Event()

    @contextmanager
    def flowing(self) -> Iterator[None]:
        clients = [
            threading.Thread(target=self._ask, args=(kind,))
            for kind in ("landmarks", "landmarks", "photos")
        ]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._ended.set()
            for client in clients:
                client.join()

    def kinds_since(self, time_s: float) -> set[str]:
        """Kinds of requests that were sent and got a response after a time."""
        return {kind for asked, _, kind, _, _ in self.responses if asked >= time_s}

    def _ask(self, kind: str) -> None:
        given: dict[str, Any] = {"json": LANDMARKS} if kind == "landmarks" else {}
        with httpx.Client(base_url=self._url, timeout=PATIENCE_S) as http:
            while not self._ended.is_set():
                asked = time.monotonic()
                try:
                    files = self._photo if kind == "photos" else None
                    reply = http.post(f"/api/v1/{kind}", files=files, **given)
                    content = reply.json()
                except (httpx.HTTPError, ValueError) as error:
                    self.errors.append(error)
                else:
                    received = time.monotonic()
                    self.responses.append((asked, received, kind, reply.status_code, content))


def probabilities_of(kind: str, content: dict[str, Any]) -> list[dict[str, float]]:
    frames = content["frames"] if kind == "landmarks" else [content]
    return [frame["probabilities"] for frame in frames]


def test_no_request_is_dropped_while_models_are_switched(
    switched: tuple[Server, Path],
    models: tuple[Path, Path],
    classifiers: dict[str, PoseClassifier],
    photo: Path,
) -> None:
    """Each response comes from one model: from the new one as soon as the API reports it."""
    server, path = switched
    traffic = Traffic(server, photo)
    # For each model put in place: the time it was first reported, and the time it was replaced.
    reigns: list[tuple[str, float, float]] = []
    with traffic.flowing():
        for turn in range(1, SWITCHES + 1):
            model = models[turn % 2]
            put_in_place(model, path)
            wait_for_model(server, model)
            seen = time.monotonic()
            server.wait_for(lambda seen=seen: traffic.kinds_since(seen) == {"landmarks", "photos"})
            reigns.append((sha256_of(model), seen, time.monotonic()))
    assert traffic.errors == []
    assert {status for _, _, _, status, _ in traffic.responses} == {200}
    frames = np.array([frame["image"] for frame in LANDMARKS["frames"]], dtype=np.float32)
    of_photos: dict[str, Any] = {}
    for _, _, kind, _, content in traffic.responses:
        sha256 = content["model"]["sha256"]
        classifier = classifiers[sha256]
        assert content["model"]["labels"] == list(classifier.labels)
        found = probabilities_of(kind, content)
        assert all(list(row) == list(classifier.labels) for row in found)
        if kind == "landmarks":
            features = classifier.contract.features.compute(frames, None, 640 / 360)
            expected = classifier.probabilities(features)
            np.testing.assert_allclose([list(r.values()) for r in found], expected, atol=1e-4)
            assert {s["label"] for s in content["segments"]} <= {*classifier.labels, "uncertain"}
        else:
            assert of_photos.setdefault(sha256, found) == found
    for sha256, seen, until in reigns:
        within = [a for a in traffic.responses if seen <= a[0] and a[1] <= until]
        assert {a[4]["model"]["sha256"] for a in within} == {sha256}
    asked_of = {(kind, a["model"]["sha256"]) for _, _, kind, _, a in traffic.responses}
    assert asked_of == {(kind, sha) for kind in ("landmarks", "photos") for sha in classifiers}


def without_contract(path: Path) -> None:
    write_tiny_model(path, {})


def half(path: Path) -> None:
    content = write_tiny_model(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])


def of_other_features(path: Path) -> None:
    contract = json.loads(PoseClassifier(write_tiny_model(path)).contract.to_json())
    contract["features"]["hash"] = "0123456789abcdef"
    write_tiny_model(path, {CONTRACT_KEY: json.dumps(contract)})


def of_other_contract(path: Path) -> None:
    contract = json.loads(PoseClassifier(write_tiny_model(path)).contract.to_json())
    write_tiny_model(path, {CONTRACT_KEY: json.dumps(contract | {"contract_version": 99})})


def with_endless_score(path: Path) -> None:
    contract = json.loads(PoseClassifier(write_tiny_model(path)).contract.to_json())
    contract["metrics"]["macro_f1"] = float("nan")
    write_tiny_model(path, {CONTRACT_KEY: json.dumps(contract)})


def without_softmax(path: Path) -> None:
    model = onnx.load(write_tiny_model(path))
    last = model.graph.node[-1]
    last.op_type = "Identity"
    del last.attribute[:]
    onnx.save(model, path)


REFUSED: dict[str, Callable[[Path], None]] = {
    "without the description of a pose classifier": without_contract,
    "not a readable ONNX file": half,
    "hash 0123456789abcdef": of_other_features,
    "contract version 99": of_other_contract,
    "expected probabilities between 0 and 1": without_softmax,
    "numbers in its metrics summary that are not JSON": with_endless_score,
}


def test_an_unusable_file_changes_nothing_and_is_reported(
    switched: tuple[Server, Path], tmp_path: Path, models: tuple[Path, Path]
) -> None:
    """The old model stays; the problem is reported, logged once, and gone with a good file."""
    server, path = switched
    before, prediction = model_of(server), ask(server)
    logged = server.log.stat().st_size
    assert before["file_problem"] is None
    for message, write_bad in REFUSED.items():
        write_bad(tmp_path / "bad.onnx")
        put_in_place(tmp_path / "bad.onnx", path)
        server.wait_for(lambda message=message: message in (model_of(server)["file_problem"] or ""))
        assert str(path) in model_of(server)["file_problem"]
        assert ask(server) == prediction
    ready = server.http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert next(reversed(REFUSED)) in ready.json()["detail"]
    path.unlink()
    server.wait_for(lambda: "There is no model file" in (model_of(server)["file_problem"] or ""))
    assert ask(server) == prediction
    put_in_place(models[0], path)
    server.wait_for(lambda: model_of(server)["file_problem"] is None)
    assert model_of(server) == before, "the same model again is not a switch"
    put_in_place(models[1], path)
    wait_for_model(server, models[1])
    after = model_of(server)
    assert after["loaded_at"] > before["loaded_at"]
    assert server.http.get("/health/ready").json()["detail"] is None
    log = server.log.read_bytes()[logged:].decode()
    for message in (*REFUSED, "There is no model file"):
        assert log.count(message) == 1, message
    assert "Traceback" not in log


def test_a_file_that_is_still_being_written_is_checked_again(
    switched: tuple[Server, Path], models: tuple[Path, Path]
) -> None:
    """While a file is overwritten piece by piece, the old model is served; then the new one."""
    server, path = switched
    old, new = sha256_of(models[0]), sha256_of(models[1])
    content = models[1].read_bytes()
    with path.open("wb") as file:
        for part in range(4):
            if part == 1:  # long enough for half a file to be refused
                server.wait_for(lambda: model_of(server)["file_problem"] is not None)
            file.write(content[part * len(content) // 4 : (part + 1) * len(content) // 4])
            file.flush()
            assert ask(server)["model"]["sha256"] == old
    server.wait_for(lambda: model_of(server)["sha256"] == new)
    assert model_of(server)["file_problem"] is None


def models_in(timeline: bytes) -> tuple[str, set[tuple[str, ...]]]:
    """The SHA-256 in a timeline, and the sets of labels its frames have probabilities for."""
    content = json.loads(timeline)
    predictions = [f["probabilities"] for f in content["frames"] if f["probabilities"] is not None]
    assert predictions
    return content["model"]["sha256"], {tuple(prediction) for prediction in predictions}


def test_an_analysis_uses_one_model_from_start_to_end(
    switched: tuple[Server, Path],
    models: tuple[Path, Path],
    classifiers: dict[str, PoseClassifier],
    long_video: Path,
    clip: Path,
) -> None:
    """A switch half-way does not affect it; the next video gets the new model."""
    server, path = switched
    running = server.submit(long_video)
    server.wait_for(lambda: server.job(running)["frames_done"] > 0)
    put_in_place(models[1], path)
    wait_for_model(server, models[1])
    assert server.job(running)["status"] == "processing", "the analysis ended before the switch"
    later = server.submit(clip)
    for job_id, model in ((running, models[0]), (later, models[1])):
        assert server.finished(job_id)["status"] == "done"
        sha256 = sha256_of(model)
        labels = {classifiers[sha256].labels}
        assert models_in(server.timeline(job_id)) == (sha256, labels)
        header = server.timeline(job_id, format="csv").splitlines()[0].decode()
        assert header.endswith(",".join(classifiers[sha256].labels))


def test_a_resumed_analysis_uses_the_model_served_then(
    start: Start,
    tmp_path: Path,
    models: tuple[Path, Path],
    classifiers: dict[str, PoseClassifier],
    long_clip: Path,
) -> None:
    """Restarted with another model, it keeps the landmarks; all predictions are the new one's."""
    path = tmp_path / MODEL_FILE
    put_in_place(models[0], path)
    server = start(model=path)
    job_id = server.submit(long_clip)
    chunks = server.data / "jobs" / job_id / "chunks"
    server.wait_for(lambda: len(list(chunks.glob("*.npz"))) >= 2)
    server.kill()
    first_made = min(chunks.glob("*.npz")).stat().st_mtime_ns
    put_in_place(models[1], path)
    server.start(ready=False)
    server.wait_for(lambda: "videos" in server.http.get(VIDEOS).json())
    assert server.finished(job_id)["status"] == "done"
    assert min(chunks.glob("*.npz")).stat().st_mtime_ns == first_made
    sha256 = sha256_of(models[1])
    assert models_in(server.timeline(job_id)) == (sha256, {classifiers[sha256].labels})


def test_many_switches_leave_no_memory_or_files(
    tmp_path: Path, models: tuple[Path, Path], model: Path, pose_model: Path
) -> None:
    """After fifty switches, the process uses as much as after ten.

    One of the two models is the project's: fifty copies of it would be hundreds of megabytes.
    """
    path = tmp_path / MODEL_FILE
    put_in_place(models[0], path)
    engine = Engine(load_settings(write_params(tmp_path, path)), check_interval_s=0.01)
    process = psutil.Process()
    features = np.zeros((10, len(PoseClassifier(model).contract.features.columns)), np.float32)
    rss, files = 0, 0
    engine.start()
    try:
        for turn in range(51):
            wanted = (models[0], model)[turn % 2]
            put_in_place(wanted, path)
            sha256 = sha256_of(wanted)
            Server.wait_for(
                lambda sha256=sha256: engine.problem is None and served(engine) == sha256
            )
            engine.classifier().probabilities(features)
            if turn == 10:
                rss, files = process.memory_info().rss, process.num_fds()
    finally:
        engine.stop()
    assert process.memory_info().rss - rss < 40 * 2**20
    assert process.num_fds() <= files


def served(engine: Engine) -> str:
    return engine.classifier().sha256
