"""How many live sessions there are, and no more than allowed."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from starlette.websockets import WebSocket, WebSocketDisconnect

from serving.errors import NotReadyError
from serving.live.session import LiveSession
from serving.live.trackers import SpareTracker
from serving.live.wire import CloseCode, ErrorCode, error_message
from serving.model.engine import Engine
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
        # A thread for each place, kept for the next session: a new thread for each would leave
        # memory behind that the allocator keeps for it.
        self._free = [
            ThreadPoolExecutor(1, thread_name_prefix=f"live-{place}")
            for place in range(settings.serving.live.max_sessions)
        ]
        self._trackers = SpareTracker(settings.shared.pose)

    async def warm_up(self) -> None:
        """Get ready for the first session, so that it starts without waiting.

        Raises:
            PoseAssetError: the pose model cannot be used.
        """
        await asyncio.wrap_future(self._trackers.prepare())

    def close(self) -> None:
        """End the threads, once every session is over."""
        for thread in self._free:
            thread.shutdown()
        self._trackers.close()

    async def serve(self, socket: WebSocket) -> None:
        """One session, from the handshake to its end."""
        await socket.accept()
        if not self._free:
            most = self._settings.serving.live.max_sessions
            detail = f"{most} live sessions are open, which is as many as this service takes."
            await _refuse(socket, "busy", f"{detail} Try again in a moment.")
            return
        try:
            self._engine.classifier()
        except NotReadyError as error:
            await _refuse(socket, "not_ready", str(error))
            return
        thread, tracker = self._free.pop(), self._trackers.take()
        if self._free:
            self._trackers.prepare()
        try:
            await LiveSession(socket, self._engine, self._settings, thread, tracker).run()
        finally:
            self._free.append(thread)
            self._trackers.prepare()


async def _refuse(socket: WebSocket, code: ErrorCode, detail: str) -> None:
    try:
        await socket.send_text(error_message(code, detail, None, 0))
        await socket.close(CloseCode.TRY_AGAIN_LATER, "Try again later.")
    except WebSocketDisconnect:
        _LOG.debug("a client that was refused had left already")
