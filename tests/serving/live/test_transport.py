"""The extension of uvicorn's websocket protocol does what it is for, with the version in use."""

import asyncio
import base64
import os
import re
import socket
import threading
from contextlib import suppress
from importlib.metadata import version

import pytest
import uvicorn

from serving.live import transport
from shared_features.params import PROJECT_ROOT
from tests.serving.server import Server, free_port

ADVICE = "read serving/live/transport.py, which says what to check before adding it"


def test_the_installed_version_was_tried() -> None:
    """Another uvicorn may work, but has to be checked first."""
    installed = version("uvicorn")
    assert installed in transport.TRIED_VERSIONS, f"uvicorn {installed} was not tried: {ADVICE}"


@pytest.mark.parametrize("lock", ["serve", "train", "dev"])
def test_the_locked_version_was_tried(lock: str) -> None:
    """What gets installed is what was tried."""
    text = (PROJECT_ROOT / "requirements" / f"{lock}.txt").read_text()
    (locked,) = re.findall(r"^uvicorn==(\S+)", text, re.MULTILINE)
    assert locked in transport.TRIED_VERSIONS, f"uvicorn {locked} was not tried: {ADVICE}"


async def flood(scope: dict[str, object], receive: object, send: object) -> None:
    """A session that sends until its client has stopped reading, then ends."""
    assert callable(send)
    assert scope["type"] == "websocket"
    await send({"type": "websocket.accept"})
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            while True:
                await send({"type": "websocket.send", "bytes": bytes(1 << 20)})


def test_a_client_that_stops_reading_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session ends and so does its connection, though the client keeps its side open."""
    monkeypatch.setattr(transport, "_FLUSH_S", 0.1)
    config = uvicorn.Config(
        flood,
        port=free_port(),
        ws=transport.LiveTransport,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        Server.wait_for(lambda: server.started)
        with socket.create_connection(("127.0.0.1", config.port)) as client:
            key = base64.b64encode(os.urandom(16)).decode()
            client.sendall(
                f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
            )
            assert client.recv(12) == b"HTTP/1.1 101"
            Server.wait_for(lambda: not server.server_state.connections)
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
