"""How many live sessions there are, and no more than allowed."""

import logging

from starlette.websockets import WebSocket, WebSocketDisconnect

from serving.engine import Engine
from serving.errors import NotReadyError
from serving.live.session import LiveSession
from serving.live.wire import CloseCode, ErrorCode, error_message
from serving.settings import Settings

_LOG = logging.getLogger(__name__)


class LiveSessions:
    """All live sessions of the service; only the event loop counts them, so no lock is needed.

    Args:
        engine: the model that is served.
        settings: limits, and how landmarks are found.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """One session, from the handshake to its end."""
        await socket.accept()
        most = self._settings.serving.live.max_sessions
        if self._open >= most:
            detail = f"{most} live sessions are open, which is as many as this service takes."
            await _refuse(socket, "busy", f"{detail} Try again in a moment.")
            return
        try:
            self._engine.classifier()
        except NotReadyError as error:
            await _refuse(socket, "not_ready", str(error))
            return
        self._open += 1
        try:
            await LiveSession(socket, self._engine, self._settings).run()
        finally:
            self._open -= 1


async def _refuse(socket: WebSocket, code: ErrorCode, detail: str) -> None:
    try:
        await socket.send_text(error_message(code, detail, None, 0))
        await socket.close(CloseCode.TRY_AGAIN_LATER, "Try again later.")
    except WebSocketDisconnect:
        _LOG.debug("a client that was refused had left already")
