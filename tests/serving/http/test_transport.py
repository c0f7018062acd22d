"""Connections that bring no request are given up, and there are not too many of them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
from websockets.sync.client import connect as websocket

from serving.http.transport import limited_protocol
from serving.settings import load_settings
from tests.serving.server import PATIENCE_S, Server, free_port

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
MOST, MOST_FROM_ONE = 6, 4


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers when the body has arrived; sends websocket messages back."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A service with short patience and few connections."""
    serving = load_settings().serving.model_copy(
        update={
            "header_timeout_s": 0.3,
            "max_connections": MOST,
            "max_connections_per_address": MOST_FROM_ONE,
            "trusted_proxies": ("127.0.0.2",),
        }
    )
    config = uvicorn.Config(
        app, port=free_port(), http=limited_protocol(serving), lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    Server.wait_for(lambda: server.started)
    yield config.port
    server.should_exit = server.force_exit = True
    thread.join()


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), PATIENCE_S, source_address=(source, 0))


def answers(client: socket.socket) -> bool:
    """Whether a request on a connection is answered; a refused one is closed or reset."""
    try:
        client.sendall(REQUEST)
        return client.recv(4096).startswith(b"HTTP/1.1 204")
    except ConnectionError:
        return False


def is_closed(client: socket.socket) -> bool:
    """Wait for the end of a connection."""
    try:
        return client.recv(4096) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: loc"], ids=["nothing", "half"])
def test_headers_that_do_not_arrive_are_given_up(port: int, start: bytes) -> None:
    """On a new connection, and after a request that was answered."""
    with connect(port) as client:
        client.sendall(start)
        assert is_closed(client)
    if start:
        with connect(port) as client:
            assert answers(client)
            client.sendall(start)
            assert is_closed(client)


def test_a_websocket_is_not_given_up(port: int) -> None:
    """Its connection brings no further request; others are given up meanwhile."""
    with websocket(f"ws://127.0.0.1:{port}/") as session:
        with connect(port) as later:
            later.sendall(b"GET / HTTP/1.1\r\n")
            assert is_closed(later)
        session.send("still here")
        assert session.recv(PATIENCE_S) == "still here"


@pytest.mark.parametrize(("size", "answered"), [(1, False), (1000, True)])
def test_a_body_in_tiny_chunks_is_given_up(port: int, size: int, answered: bool) -> None:
    """Parsing a million chunks would keep everyone waiting."""
    chunk = b"%x\r\n%s\r\n" % (size, b"x" * size)
    with connect(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            client.sendall(chunk * (200_000 // len(chunk)) + b"0\r\n\r\n")
            reply = client.recv(4096)
        except ConnectionError:
            reply = b""
    assert reply.startswith(b"HTTP/1.1 204") is answered


@pytest.mark.parametrize("apart", [0, 3])
def test_tiny_chunks_that_come_with_the_header_are_given_up(port: int, apart: int) -> None:
    """Also if the header's end comes with them, in a packet of its own."""
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(port) as client:
        if apart:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(head[:-apart])
        client.sendall(head[-apart:] + b"1\r\nx\r\n" * 2000 + b"0\r\n\r\n")
        assert is_closed(client)


def test_one_address_has_so_many_connections(port: int) -> None:
    """Others have room; a trusted proxy has no limit of its own, but there is one for all."""
    with ExitStack() as opened:
        mine = [opened.enter_context(connect(port)) for _ in range(MOST_FROM_ONE)]
        assert all(answers(client) for client in mine)
        with connect(port) as one_more:
            assert not answers(one_more)
        proxy = [opened.enter_context(connect(port, "127.0.0.2")) for _ in range(2)]
        assert all(answers(client) for client in proxy)
        with connect(port, "127.0.0.3") as beyond:
            assert not answers(beyond)
    Server.wait_for(lambda: can_connect(port))


def can_connect(port: int) -> bool:
    with connect(port) as client:
        return answers(client)
