"""A live client for tests."""

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from serving.live.frame import LiveFrame, pack_frame
from tests.serving.server import PATIENCE_S

FRAME_S = 1 / 30


def jpeg(rgb: NDArray[np.uint8], kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, kind, quality=85)
    return file.getvalue()


class Listening(Protocol):
    """A service that listens on a port of this machine."""

    port: int


def address(server: Listening) -> str:
    return f"ws://127.0.0.1:{server.port}/api/v1/live"


class Client:
    """One session. Use as a context manager; ``ready`` is the first message."""

    def __init__(self, server: Listening, **options: Any) -> None:
        self._opened = ExitStack()
        self.socket: ClientConnection = self._opened.enter_context(
            connect(address(server), compression=None, max_size=None, **options)
        )
        self.ready = self.receive()
        self.sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the websocket, unless it is closed."""
        self._opened.close()

    def send(self, image: bytes, capture_s: float | None = None) -> int:
        """Send an image as the next frame; returns its id."""
        frame_id = self.sent
        self.sent += 1
        capture_s = frame_id * FRAME_S if capture_s is None else capture_s
        self.socket.send(pack_frame(LiveFrame(frame_id, capture_s, image)))
        return frame_id

    def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.socket.recv(timeout=PATIENCE_S))
        return message

    def is_open(self) -> bool:
        """Wait for a message or the end of the session; returns whether it was a message."""
        try:
            self.receive()
        except ConnectionClosed:
            return False
        return True

    def ask(self, image: bytes, capture_s: float | None = None) -> dict[str, Any]:
        """Send an image and wait for the response."""
        self.send(image, capture_s)
        return self.receive()

    def answers(self, images: list[bytes]) -> Iterator[dict[str, Any]]:
        """Send images one at a time; yields the response to each."""
        for image in images:
            yield self.ask(image)

    def close_code(self) -> int:
        """The code with which the service closes the session; waits for it."""
        while self.is_open():
            pass
        assert self.socket.close_code is not None
        return self.socket.close_code
