"""Whatever arrives on a connection, and however it ends, the service answers the next request."""

import contextlib
import socket
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.serving.server import PATIENCE_S, VIDEOS, Server, upload_form

HOST = b"Host: localhost\r\n"
TIMES, WARM_UP_TIMES, HALF_OPEN = 200, 20, 50


def answer(server: Server, request: bytes) -> bytes:
    """What comes back until the service closes the connection, or has answered."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
        connection.sendall(request)
        with contextlib.suppress(ConnectionError):
            return connection.recv(65536)
        return b""


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"\r\n\r\n", id="empty lines"),
        pytest.param(b"\0" * 100 + b"\r\n\r\n", id="null bytes"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9 + b"\r\n\r\n", id="TLS"),
        pytest.param(b"GET\r\n\r\n", id="no path"),
        pytest.param(b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", id="another version"),
        pytest.param(b"get / http/1.1\r\n\r\n", id="lower case"),
        pytest.param(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", id="long path"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", id="many headers"),
        pytest.param(b"GET / HTTP/1.1\r\nA b\r\n\r\n", id="no colon"),
        pytest.param(b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n", id="null in a header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", id="two hosts"),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", id="negative length"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            id="two lengths",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
            id="no chunk size",
        ),
        pytest.param(b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", id="another verb"),
        pytest.param(b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n", id="connect"),
        pytest.param(b"GET http://a.example/ HTTP/1.1\r\n" + HOST + b"\r\n", id="a whole address"),
        pytest.param(
            b"GET /web/../../../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", id="path upwards"
        ),
        pytest.param(
            b"GET /web/%2e%2e%2f%2e%2e%2fparams.yaml HTTP/1.1\r\n" + HOST + b"\r\n",
            id="path upwards, encoded",
        ),
        pytest.param(
            b"GET /api/v1/videos/%00 HTTP/1.1\r\n" + HOST + b"\r\n", id="null byte, encoded"
        ),
        pytest.param(
            b"GET /api/v1/videos/%ff%fe HTTP/1.1\r\n" + HOST + b"\r\n", id="no text, encoded"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", id="h2c"
        ),
    ],
)
def test_no_request_is_more_than_refused(server: Server, request_: bytes) -> None:
    """Closed or answered with less than 500, and never with a file from elsewhere."""
    reply = answer(server, request_)
    assert reply == b"" or reply.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4")), reply
    assert b"root:" not in reply
    assert b"serving:" not in reply
    assert server.http.get("/health/live").status_code == 200


@pytest.mark.release
def test_clients_that_vanish_leave_nothing(
    server: Server, finished_job: str, photo: Path, clip: Path
) -> None:
    """In the middle of an upload, of a photo's processing and of a download; also live sessions."""
    process = psutil.Process(server.pid)
    for times in (WARM_UP_TIMES, TIMES):
        before = process.num_fds(), process.num_threads()
        for _ in range(times):
            vanish(server, finished_job, photo)
    half_open = [half_a_session(server) for _ in range(HALF_OPEN)]
    for connection in half_open:
        connection.close()
    server.wait_for(
        lambda: process.num_fds() <= before[0] + 2 and process.num_threads() <= before[1] + 2
    )
    server.wait_for(lambda: not list((server.data / "uploads").iterdir()))
    reply = server.http.post("/api/v1/photos", files=upload_form(photo))
    assert reply.status_code == 200
    assert server.finished(server.submit(clip))["status"] == "done"


def vanish(server: Server, job_id: str, photo: Path) -> None:
    """A client for each of them, gone before the end."""
    form = b"Content-Type: multipart/form-data; boundary=e\r\n"
    head = b'--e\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    body = head + photo.read_bytes() + b"\r\n--e--\r\n"
    requests = (
        b"POST /api/v1/videos HTTP/1.1\r\n"
        + HOST
        + form
        + b"Content-Length: 900000\r\n\r\n"
        + head,
        b"POST /api/v1/photos HTTP/1.1\r\n"
        + HOST
        + form
        + b"Content-Length: %d\r\n\r\n" % len(body)
        + body,
        f"GET {VIDEOS}/{job_id}/media HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    )
    for request in requests:
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
            connection.sendall(request)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with (
        contextlib.suppress(WebSocketException, OSError),
        connect(f"ws://127.0.0.1:{server.port}/api/v1/live", open_timeout=PATIENCE_S) as session,
    ):
        session.recv(PATIENCE_S)


def half_a_session(server: Server) -> socket.socket:
    """A connection that has begun to ask for a websocket."""
    connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE_S)
    connection.sendall(b"GET /api/v1/live HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\n")
    return connection
