"""The websocket protocol of uvicorn, extended to drop clients that have stopped reading.

uvicorn does not document its protocol classes, so this module extends one as it was found in
``TRIED_VERSIONS``. To try another version, install it, check that ``on_task_complete`` is still
called at the end of a session and that ``loop``, ``transport`` and ``disconnected`` mean what they
did, run this room's tests, and add it.
"""

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

TRIED_VERSIONS = ("0.54.0",)
# How long the last messages of a session may take to reach the client.
_FLUSH_S = 2.0


class LiveTransport(WebSocketsSansIOProtocol):
    """Aborts a connection whose client does not take its last bytes.

    A transport that is closed normally first waits until everything has been sent. It waits for
    ever if the client has stopped reading but keeps the connection open.
    """

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Close the connection after its session has ended."""
        super().on_task_complete(task)
        self.loop.call_later(_FLUSH_S, self._abort)

    def _abort(self) -> None:
        if not self.disconnected:
            self.transport.abort()
