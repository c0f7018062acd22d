"""Live sessions with a real service: responses, refusals, and isolation of sessions."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from serving.live.frame import LiveFrame, pack_frame
from serving.settings import MEBIBYTE
from shared_features.params import PROJECT_ROOT
from tests.jpegs import with_repeated_scan
from tests.serving.live.client import Client, address, jpeg
from tests.serving.server import PATIENCE_S, Server, write_params

MAX_SESSIONS = 3
MAX_FRAME_KB = 256
# Each starts a process with networks of its own, so a leak shows soon.
VISITORS = 24
ROUNDING_MS = 0.05  # five timings, each to the hundredth
LIVE = {
    "max_sessions": MAX_SESSIONS,
    "max_frame_kb": MAX_FRAME_KB,
    "max_pixels": 640 * 480,
    "idle_timeout_s": 60,
    # A test floods the service with messages until its own buffers are full.
    "max_fps": 10_000,
    "send_timeout_s": 1,
    "landmark_min_cutoff_hz": 1.5,
    "landmark_beta": 10,
}


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, model: Path, pose_model: Path
) -> Iterator[Server]:
    """A service with tight limits."""
    del pose_model  # needed by the service
    folder = tmp_path_factory.mktemp("live")
    running = Server(write_params(folder, model, live=LIVE)).start()
    yield running
    log = running.log.read_text()
    running.close()
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def jpegs(performer_frames: list[NDArray[np.uint8]]) -> list[bytes]:
    """JPEG files of a performer who moves into a pose and holds it."""
    return [jpeg(rgb) for rgb in performer_frames]


def test_the_service_introduces_itself(server: Server) -> None:
    """The first message has model, skeleton and limits."""
    with Client(server) as client:
        ready = client.ready
    model = server.http.get("/api/v1/model").json()
    assert ready["type"] == "ready"
    assert ready["protocol"] == 1
    assert ready["model"] == {name: model[name] for name in ("sha256", "labels", "other")}
    assert ready["limits"]["max_frame_bytes"] == MAX_FRAME_KB * 1024
    assert all(0 <= point < 33 for pair in ready["connections"] for point in pair)


def test_every_frame_is_answered(server: Server, jpegs: list[bytes]) -> None:
    """A pose with probabilities, landmarks, and timings whose parts fit into the total."""
    with Client(server) as client:
        answers = list(client.answers(jpegs[:20]))
        labels = client.ready["model"]["labels"]
    assert [answer["frame_id"] for answer in answers] == list(range(20))
    assert {answer["type"] for answer in answers} == {"pose"}
    assert answers[-1]["dropped"] == 0
    seen = [answer for answer in answers if answer["person"]]
    assert len(seen) > 0.8 * len(answers)
    for answer in seen:
        assert list(answer["probabilities"]) == labels
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=0.01)
        assert len(answer["landmarks"]) == 33
        timings = answer["timings_ms"]
        parts = [timings[part] for part in ("queue", "decode", "pose", "classify")]
        assert min(parts) >= 0
        assert sum(parts) <= timings["total"] + ROUNDING_MS


def test_webp_is_accepted(server: Server, jpegs: list[bytes]) -> None:
    """Browsers can encode either format."""
    rgb = np.full((240, 320, 3), 120, dtype=np.uint8)
    with Client(server) as client:
        answer = client.ask(jpeg(rgb, "WEBP"))
    assert answer["type"] == "pose"
    assert answer["person"] is False
    assert answer["label"] == "no person"
    assert answer["landmarks"] is None


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda picture: b"", "bad_header"),
    "too short": (lambda picture: b"SLF1\0\0", "bad_header"),
    "another protocol": (lambda picture: b"JPEG" + bytes(12) + picture, "bad_header"),
    "no time": (
        lambda picture: pack_frame(LiveFrame(1, float("nan"), picture)),
        "bad_header",
    ),
    "before time": (lambda picture: pack_frame(LiveFrame(1, -1.0, picture)), "bad_header"),
    "no picture": (lambda picture: pack_frame(LiveFrame(1, 1.0, b"hello" * 9)), "bad_picture"),
    "cut off": (
        lambda picture: pack_frame(LiveFrame(1, 1.0, picture[: len(picture) // 2])),
        "bad_picture",
    ),
    "drawn over and over": (
        lambda picture: pack_frame(LiveFrame(1, 1.0, with_repeated_scan(120))),
        "bad_picture",
    ),
    "too many pixels": (
        lambda picture: pack_frame(
            LiveFrame(1, 1.0, jpeg(np.zeros((1000, 1000, 3), dtype=np.uint8)))
        ),
        "too_many_pixels",
    ),
    "a frame from before": (lambda picture: pack_frame(LiveFrame(0, 9.0, picture)), "out_of_order"),
    "a time from before": (lambda picture: pack_frame(LiveFrame(9, 0.0, picture)), "out_of_order"),
}


@pytest.mark.parametrize(("message", "code"), BAD.values(), ids=BAD)
def test_a_bad_frame_is_an_error_and_the_session_continues(
    server: Server, jpegs: list[bytes], message: Callable[[bytes], bytes], code: str
) -> None:
    """It says what was sent and what was expected; the next frame is answered."""
    with Client(server) as client:
        client.ask(jpegs[0])
        client.socket.send(message(jpegs[0]))
        error = client.receive()
        client.sent = 20
        after = client.ask(jpegs[1], 20.0)
    assert error["type"] == "error"
    assert error["code"] == code
    assert len(error["detail"]) > 20
    assert after["type"] == "pose"


def test_text_is_refused(server: Server) -> None:
    """Frames are binary."""
    with Client(server) as client:
        client.socket.send("hello")
        assert client.close_code() == 1003


def test_bad_text_leaves_no_traceback(server: Server) -> None:
    """Text that is not UTF-8 is refused as text."""
    with socket.socket() as client:
        open_session(server, client)
        client.sendall(b"\x81" + bytes([0x80 | 2]) + bytes(4) + b"\xff\xfe")
        assert close_code(client) == 1003


def test_a_message_of_endless_fragments_ends(server: Server) -> None:
    """Empty fragments add nothing to the size of a message."""
    with socket.socket() as client:
        open_session(server, client)
        client.sendall(b"\x02\x80" + bytes(4))
        with contextlib.suppress(ConnectionError):
            client.sendall((b"\x00\x80" + bytes(4)) * 5000)
        assert close_code(client) == 1008


def close_code(client: socket.socket) -> int:
    """The code in the close frame, the last message of a session."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(65536):
            received += piece
    last = received[received.rindex(b"\x88") :]
    return int.from_bytes(last[2:4], "big")


def test_a_huge_message_is_refused(server: Server) -> None:
    """The service closes before it has read all of it."""
    with Client(server) as client:
        client.socket.send(b"x" * (MAX_FRAME_KB * 1024 + 100))
        assert client.close_code() == 1009


def test_a_session_above_the_limit_is_refused(server: Server, jpegs: list[bytes]) -> None:
    """With a message and a close code; open sessions continue; later there is room again."""
    server.wait_for(lambda: can_open(server))
    clients = [Client(server) for _ in range(MAX_SESSIONS)]
    try:
        refused = Client(server)
        assert refused.ready["code"] == "busy"
        assert "3 live sessions" in refused.ready["detail"]
        assert refused.close_code() == 1013
        for client in clients:
            assert client.ask(jpegs[0])["type"] == "pose"
    finally:
        for client in clients:
            client.close()
    server.wait_for(lambda: can_open(server))


def can_open(server: Server) -> bool:
    with Client(server) as client:
        return bool(client.ready["type"] == "ready")


def test_a_page_of_another_site_is_refused(server: Server) -> None:
    """Browsers let any page open a websocket, but send its origin."""
    with pytest.raises(InvalidStatus) as caught:
        connect(address(server), origin=Origin("https://example.org"))
    assert caught.value.response.status_code == 403
    with connect(address(server), origin=Origin(server.url)) as socket_:
        assert "ready" in socket_.recv(timeout=PATIENCE_S)


def test_a_stopping_service_closes_its_sessions(
    tmp_path: Path, tiny_model: Path, pose_model: Path, jpegs: list[bytes]
) -> None:
    """Sessions end with code 1012, and the process exits with 0."""
    del pose_model
    server = Server(write_params(tmp_path, tiny_model)).start()
    with Client(server) as client:
        client.ask(jpegs[0])
        assert server.stop() == 0
        assert client.close_code() == 1012
    server.http.close()


def test_a_client_that_does_not_read_is_disconnected(server: Server) -> None:
    """After the send timeout; memory stays bounded."""
    server.wait_for(lambda: can_open(server))
    process = psutil.Process(server.pid)
    before = len(process.net_connections("tcp"))
    memory = process.memory_info().rss
    stalled = stalled_client(server)
    # Every invalid frame gets an error at once, so the buffers fill up quickly.
    garbage = client_message(b"x" * 20) * 50
    deadline = time.monotonic() + PATIENCE_S
    with contextlib.suppress(OSError):  # its buffers are full, or it has disconnected
        stalled.settimeout(3)
        while time.monotonic() < deadline:
            stalled.sendall(garbage)
    server.wait_for(lambda: len(process.net_connections("tcp")) <= before)
    stalled.close()
    assert process.memory_info().rss - memory < 120 * MEBIBYTE
    server.wait_for(lambda: can_open(server))


def stalled_client(server: Server) -> socket.socket:
    """A raw connection with a small window that never reads."""
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    open_session(server, stalled)
    return stalled


def open_session(server: Server, client: socket.socket) -> None:
    client.settimeout(PATIENCE_S)
    client.connect(("127.0.0.1", server.port))
    client.sendall(
        b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    assert client.recv(12) == b"HTTP/1.1 101"


def client_message(payload: bytes) -> bytes:
    """A short binary websocket message with a mask of zeros."""
    return b"\x82" + bytes([0x80 | len(payload)]) + bytes(4) + payload


def test_many_come_and_go(server: Server, jpegs: list[bytes]) -> None:
    """With or without a goodbye, during a frame or between two: each session is freed."""
    server.wait_for(lambda: can_open(server))
    process = psutil.Process(server.pid)
    for index in range(6):
        come_and_go(server, jpegs, index)
    server.wait_for(lambda: can_open(server))
    files, threads = process.num_fds(), process.num_threads()
    children = len(process.children(recursive=True))
    memory = process.memory_info().rss
    for index in range(VISITORS):
        come_and_go(server, jpegs, index)
    server.wait_for(lambda: process.num_fds() <= files + 2)
    server.wait_for(lambda: process.num_threads() <= threads + 2)
    server.wait_for(lambda: len(process.children(recursive=True)) <= children + 1)
    assert process.memory_info().rss - memory < VISITORS * MEBIBYTE
    assert can_open(server)


def come_and_go(server: Server, jpegs: list[bytes], index: int) -> None:
    try:
        client = Client(server)
    except ConnectionClosed:
        return
    if client.ready["type"] != "ready":
        return  # the previous session has not ended yet
    if index % 3:
        client.send(jpegs[0])
    if index % 2:
        client.close()
    else:
        os.close(client.socket.socket.detach())


def test_others_do_not_notice(server: Server, jpegs: list[bytes]) -> None:
    """Next to a session that sends garbage and one that vanishes, no frame is lost or skipped."""
    server.wait_for(lambda: can_open(server))
    errors: list[str] = []
    enough, stop = threading.Event(), threading.Event()

    def make_noise(noisy: Client) -> None:
        while not stop.is_set():
            noisy.socket.send(b"garbage" * 2000)
            errors.append(noisy.receive()["code"])
            if len(errors) >= 10:
                enough.set()

    with Client(server) as client, Client(server) as noisy:
        noise = threading.Thread(target=make_noise, args=(noisy,))
        noise.start()
        try:
            come_and_go(server, jpegs, 1)
            messages = list(client.answers(jpegs[:20]))
            assert enough.wait(PATIENCE_S)
            messages += client.answers(jpegs[20:25])
        finally:
            stop.set()
            noise.join()
        assert noisy.ask(jpegs[0])["type"] == "pose"
    assert [message["frame_id"] for message in messages] == list(range(25))
    assert {message["type"] for message in messages} == {"pose"}
    assert messages[-1]["dropped"] == 0
    assert set(errors) == {"bad_header"}


# ---- The examples of the protocol's documentation


def test_the_python_example_runs(server: Server, clip: Path) -> None:
    """It sends a recording and prints the responses."""
    server.wait_for(lambda: can_open(server))
    example = PROJECT_ROOT / "docs" / "examples" / "live_client.py"
    done = subprocess.run(  # noqa: S603
        [sys.executable, example, address(server), clip],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ready: meathook")
    # How many frames are skipped depends on the machine.
    assert len(lines) > 1
    for line in lines[1:]:
        assert re.fullmatch(r" *\d+\.\d\d  [a-z].*", line), line


def test_the_javascript_example_runs(server: Server, tmp_path: Path, jpegs: list[bytes]) -> None:
    """It sends JPEG files and prints the responses."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    version = subprocess.check_output([node, "--version"], text=True)  # noqa: S603
    if int(version.strip("v").split(".")[0]) < 20:
        pytest.skip("needs Node.js 20 or newer, which has websockets")
    server.wait_for(lambda: can_open(server))
    paths = []
    for index, picture in enumerate(jpegs[:10]):
        paths.append(tmp_path / f"{index}.jpg")
        paths[-1].write_bytes(picture)
    example = PROJECT_ROOT / "docs" / "examples" / "live_client.mjs"
    done = subprocess.run(  # noqa: S603
        [node, "--experimental-websocket", example, address(server), *paths],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ready: meathook")
    assert len(lines) == 12
    assert lines[-1].startswith("closed: 1000")
