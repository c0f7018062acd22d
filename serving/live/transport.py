"""The websocket protocol of uvicorn, extended for clients that misbehave.

uvicorn does not document its protocol classes, so this module extends one as it was found in
``TRIED_VERSIONS``. To try another version, install it, check that ``on_task_complete`` is still
called at the end of a session and that ``loop``, ``transport`` and ``disconnected`` mean what they
did, run this room's tests, and add it.
"""

import asyncio

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

TRIED_VERSIONS = ("0.54.0",)
# How long the last messages of a session may take to reach the client.
_FLUSH_S = 2.0
# A browser sends a frame of 2 MB in some hundred fragments at most.
_MAX_FRAGMENTS = 1024
# Bytes waiting for a client that does not read, beyond what a session sends; pings fill it, too.
_MAX_UNREAD_BYTES = 1 << 20
_UNSUPPORTED_DATA, _POLICY_VIOLATION = 1003, 1008


class LiveTransport(WebSocketsSansIOProtocol):
    """Ends connections that would hold memory, or fill the log.

    A transport that is closed normally first waits until everything has been sent. It waits for
    ever if the client has stopped reading but keeps the connection open, so it is aborted.
    """

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, unless the client does not read the replies."""
        super().data_received(data)
        if self.transport.get_write_buffer_size() > _MAX_UNREAD_BYTES:
            self.transport.abort()

    def handle_text(self, event: Frame) -> None:
        """Refuse text without decoding it: uvicorn logs a traceback if it is not UTF-8."""
        self._refuse(_UNSUPPORTED_DATA, "Received text; frames are binary messages.")

    def handle_cont(self, event: Frame) -> None:
        """Take another fragment of a message; empty ones have no size that would be limited."""
        if len(self.frames) >= _MAX_FRAGMENTS:
            self._refuse(_POLICY_VIOLATION, f"A message has at most {_MAX_FRAGMENTS} fragments.")
        elif not self.close_sent:
            super().handle_cont(event)

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message of the application; one that comes after the end is no error of its."""
        late = message["type"] in ("websocket.send", "websocket.close")
        if late and self.handshake_complete and self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def _refuse(self, code: int, reason: str) -> None:
        self.frames = []
        if self.close_sent:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.fail(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Close the connection after its session has ended."""
        super().on_task_complete(task)
        self.loop.call_later(_FLUSH_S, self._abort)

    def _abort(self) -> None:
        if not self.disconnected:
            self.transport.abort()
