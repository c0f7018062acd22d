"""The websocket's transport: uvicorn's own, but for clients that no longer read."""

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# How long what has been written may take to leave once a session has ended.
_FLUSH_S = 2.0


class LiveTransport(WebSocketsSansIOProtocol):
    """Gives up connections whose last bytes nobody takes.

    A transport that is closed first waits until all it has written is gone: for ever, when the
    other side has stopped reading but keeps the connection.
    """

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The session has ended; the connection has to follow."""
        super().on_task_complete(task)
        self.loop.call_later(_FLUSH_S, self._give_up)

    def _give_up(self) -> None:
        if not self.disconnected:
            self.transport.abort()
