"""Uploads are limited in size and time, and leave nothing behind when they fail."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from serving.errors import UploadError
from serving.http.bodies.uploads import BodyLimits, display_name, read_body
from serving.settings import MEBIBYTE
from tests.serving.server import PATIENCE_S, VIDEOS, Server, upload_form

BOUNDARY = "edge"
HEAD = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="file"; filename="big.mp4"\r\n'
    "Content-Type: video/mp4\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
FORM_TYPE = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
ROUTES = [pytest.param(VIDEOS, id="video"), pytest.param("/api/v1/photos", id="photo")]


def body(size: int) -> Iterator[bytes]:
    yield HEAD
    piece = b"\0" * 65536
    for _ in range(size // len(piece)):
        yield piece
    yield TAIL


def open_upload(server: Server, route: str, announced: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(
        f"POST {route} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {announced}\r\n"
        f"Content-Type: {FORM_TYPE['Content-Type']}\r\n\r\n".encode()
        + HEAD
    )
    return connection


def is_problem(reply: object, status: int) -> bool:
    kind = getattr(reply, "headers")["content-type"]  # noqa: B009 - httpx and sockets alike
    return getattr(reply, "status_code") == status and kind == "application/problem+json"  # noqa: B009


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with its length"])
def test_a_body_over_the_limit_is_refused(server: Server, route: str, chunked: bool) -> None:
    """413 with the limit and nothing left on disk, whether or not the size is announced."""
    size = 20 * MEBIBYTE
    before = psutil.Process(server.pid).memory_info().rss
    content = body(size) if chunked else b"".join(body(size))
    reply = server.http.post(route, content=content, headers=FORM_TYPE)
    assert is_problem(reply, 413)
    assert "MiB" in reply.json()["detail"]
    assert psutil.Process(server.pid).memory_info().rss - before < 32 * MEBIBYTE
    assert server.leftovers() == []


@pytest.mark.parametrize(
    ("pause_s", "reason"),
    [(0.3, "slow for ever"), (PATIENCE_S, "silent")],
    ids=["trickle", "silence"],
)
def test_a_body_that_takes_too_long_is_refused(server: Server, pause_s: float, reason: str) -> None:
    """408 for a body that pauses, and for one that keeps coming but never ends."""
    with open_upload(server, VIDEOS, 1_000_000) as connection:
        connection.settimeout(pause_s)
        reply = b""
        while not reply:
            try:
                reply = connection.recv(4096)
            except TimeoutError:
                connection.sendall(b"x")
    assert reply.startswith(b"HTTP/1.1 408"), reason
    assert b"application/problem+json" in reply
    assert server.leftovers() == []


@pytest.mark.parametrize(("bytes_per_s", "accepted"), [(10.0, True), (1e9, False)])
def test_a_body_has_a_least_rate(bytes_per_s: float, accepted: bool) -> None:
    """A byte now and then is no upload, even if it never pauses for long."""

    async def bodies() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100
            await asyncio.sleep(0.005)

    request = Request({"type": "http", "method": "POST", "path": "/", "headers": []})
    request.stream = bodies  # type: ignore[method-assign]
    limits = BodyLimits(10_000, PATIENCE_S, 0.05, bytes_per_s)
    if accepted:
        assert len(asyncio.run(read_body(request, limits))) == 4000
        return
    with pytest.raises(UploadError, match="KiB per second") as refused:
        asyncio.run(read_body(request, limits))
    assert refused.value.status == 408


@pytest.mark.parametrize(
    ("route", "places", "begun"),
    [
        (VIDEOS, 4, b"POST %s HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=e\r\n"),
        (
            "/api/v1/photos",
            8,
            b"POST %s HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=e\r\n",
        ),
        ("/api/v1/landmarks", 8, b"POST %s HTTP/1.1\r\nContent-Type: application/json\r\n"),
    ],
    ids=["videos", "photos", "landmarks"],
)
def test_slow_bodies_take_the_places_of_their_own_address(
    server: Server, route: str, places: int, begun: bytes
) -> None:
    """One more gets 429; another address, behind the same proxy, does not notice."""
    head = begun % route.encode() + b"Host: localhost\r\nContent-Length: 900\r\n"
    slow, other = (b"X-Forwarded-For: 192.0.2.%d\r\n\r\n" % last for last in (1, 2))

    def status(sender: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
            connection.sendall(head + sender)
            return connection.recv(4096)[9:12]

    def beside_slow_ones() -> tuple[bytes, bytes]:
        with ExitStack() as opened:
            for _ in range(places):
                connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE_S)
                opened.enter_context(connection).sendall(head + slow)
            return status(slow), status(other)

    # They are given up after a second, so on a busy machine it takes several attempts. 408 is for
    # one that had a place and sent nothing.
    server.wait_for(lambda: beside_slow_ones() == (b"429", b"408"))
    server.wait_for(lambda: status(slow) == b"408")


@pytest.mark.parametrize("route", ROUTES)
def test_a_client_that_disconnects_leaves_nothing(server: Server, route: str) -> None:
    """Twenty broken uploads leave no files on disk or open, and the service responds."""
    process = psutil.Process(server.pid)
    before = process.num_fds()
    for _ in range(20):
        with open_upload(server, route, 500_000) as connection:
            connection.sendall(b"x" * 100_000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    uploads = server.data / "uploads"
    server.wait_for(lambda: not list(uploads.iterdir()) and process.num_fds() <= before + 2)
    assert server.leftovers() == []
    assert server.http.get("/health/ready").status_code == 200


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        pytest.param(b"{}", {"Content-Type": "application/json"}, 415, id="another type"),
        pytest.param(b"x", {"Content-Type": "multipart/form-data"}, 415, id="no boundary"),
        pytest.param(b"", {}, 415, id="nothing"),
        pytest.param(b"garbage", FORM_TYPE, 400, id="no form"),
        pytest.param(HEAD + b"half", FORM_TYPE, 400, id="half a form"),
        pytest.param(TAIL, FORM_TYPE, 422, id="no file"),
        pytest.param(HEAD + b"1\r\n" + HEAD + b"2" + TAIL, FORM_TYPE, 422, id="two files"),
        pytest.param(
            HEAD.replace(b'name="file"', b'name="video"') + b"1" + TAIL,
            FORM_TYPE,
            422,
            id="another field",
        ),
        pytest.param(
            HEAD.replace(b"Content-Type", b"X-Long: " + b"x" * 5000 + b"\r\nContent-Type")
            + b"1"
            + TAIL,
            FORM_TYPE,
            400,
            id="a long header",
        ),
        pytest.param(
            HEAD.replace(b"Content-Type", b"X: y\r\n" * 9 + b"Content-Type") + b"1" + TAIL,
            FORM_TYPE,
            400,
            id="many headers",
        ),
        pytest.param(
            (HEAD.replace(b'name="file"', b'name="a"') + b"\r\n") * 65 + HEAD + b"1" + TAIL,
            FORM_TYPE,
            400,
            id="many parts",
        ),
    ],
)
def test_a_malformed_upload_is_explained(
    server: Server, content: bytes, headers: dict[str, str], status: int
) -> None:
    """Each malformed body has its own status and a message about what was expected."""
    reply = server.http.post(VIDEOS, content=content, headers=headers)
    assert is_problem(reply, status), (reply.status_code, reply.text)
    assert len(reply.json()["detail"]) > 20
    assert server.leftovers() == []


@pytest.mark.parametrize(
    "name",
    ["../../../evil.mp4", "/etc/passwd", "C:\\evil.mp4", "\u202egpm.mp4", "é 人.MP4", "a" * 500],
)
def test_a_file_name_is_never_a_path(server: Server, clip: Path, name: str) -> None:
    """Whatever its name, the file is stored under a fixed name in its job's folder."""
    job_id = server.submit(clip, name)
    files = {path.name for path in (server.data / "jobs" / job_id).iterdir() if path.is_file()}
    assert {file.partition(".")[0] for file in files} <= {"file-as-received", "job", "progress", ""}
    source = server.job(job_id)["source"]
    assert "/" not in source
    assert "\\" not in source
    assert source.isprintable()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param("été.mp4".encode(), "été.mp4", id="UTF-8"),
        pytest.param(b"\xe9t\xe9.mp4", "\ufffdt\ufffd.mp4", id="Latin-1"),
        pytest.param(b"a %22b%22.mp4", 'a "b".mp4', id="quotes"),
        pytest.param(b"", "upload", id="empty"),
    ],
)
def test_a_file_name_in_any_encoding_is_taken(server: Server, sent: bytes, shown: str) -> None:
    """Bytes that are not UTF-8 are replaced; they are no reason to refuse the upload."""
    content = HEAD.replace(b"big.mp4", sent) + b"no video" + TAIL
    response = server.http.post(VIDEOS, content=content, headers=FORM_TYPE)
    assert response.status_code == 202, response.text
    assert response.json()["source"] == shown


@given(st.text())
def test_a_display_name_can_always_be_shown(name: str) -> None:
    """Any text becomes a name without separators, invisible characters or surrogates."""
    shown = display_name(name)
    assert 0 < len(shown) <= 200
    assert not set(shown) & set("/\\\0\n\r\u202e")
    shown.encode("utf-8")


@pytest.mark.parametrize(
    "route", ["/api/v1/videos/..%2f..%2fparams.yaml", "/web/..%2fapp.py", "/web/%2e%2e/cli.py"]
)
def test_a_route_is_never_a_path(server: Server, route: str) -> None:
    """Only the page's own files are served."""
    assert is_problem(server.http.get(route), 404)


def test_photos_beyond_the_limit_are_refused(server: Server, photo: Path) -> None:
    """Of too many photos at once, each is classified or told when to retry."""
    from concurrent.futures import ThreadPoolExecutor

    def send(_: int) -> tuple[int, str | None]:
        reply = server.http.post("/api/v1/photos", files=upload_form(photo))
        return reply.status_code, reply.headers.get("retry-after")

    with ThreadPoolExecutor(30) as clients:
        responses = list(clients.map(send, range(60)))
    assert {status for status, _ in responses} <= {200, 429, 503}
    assert any(status == 200 for status, _ in responses)
    assert all(retry for status, retry in responses if status != 200)
