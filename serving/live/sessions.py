"""All live sessions of the service, up to the limit."""

import asyncio
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from starlette.websockets import WebSocket, WebSocketDisconnect

from serving.errors import NotReadyError
from serving.live.frame import ErrorCode
from serving.live.session import LiveSession
from serving.live.trackers import TrackerPool
from serving.live.wire import CloseCode, error_message
from serving.model.engine import Engine
from serving.observability.metrics import Metrics
from serving.settings import Settings

_LOG = logging.getLogger(__name__)


class LiveSessions:
    """Accepts live sessions. Used by the event loop only, so it needs no lock.

    Args:
        engine: Engine with the served model.
        settings: Limits and pose settings.
        metrics: Where sessions and frames are counted.
    """

    def __init__(self, engine: Engine, settings: Settings, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._settings = settings
        # Threads are reused: the allocator keeps memory for every new thread.
        self._free = [
            ThreadPoolExecutor(1, thread_name_prefix=f"live-{number}")
            for number in range(settings.serving.live.max_sessions)
        ]
        self._open: Counter[str] = Counter()
        self._trackers = TrackerPool(settings.shared.pose)

    @property
    def open_count(self) -> int:
        """Number of open sessions."""
        return self._open.total()

    async def warm_up(self) -> None:
        """Load a tracker, so that the first session starts without waiting.

        Raises:
            PoseAssetError: The pose model cannot be used.
        """
        await asyncio.wrap_future(self._trackers.prepare())

    def close(self) -> None:
        """End the threads; call after the last session."""
        for thread in self._free:
            thread.shutdown()
        self._trackers.close()

    async def serve(self, socket: WebSocket, client: str) -> None:
        """Serve one session, from the handshake to its end.

        Args:
            socket: Websocket that has not been accepted yet.
            client: What sessions are counted under: a name or an address.
        """
        await socket.accept()
        if not self._free:
            limit = self._settings.serving.live.max_sessions
            detail = f"{limit} live sessions are open, the limit of this service."
            await self._refuse(socket, "busy", f"{detail} Try again in a moment.")
            return
        mine = self._settings.serving.live.max_sessions_per_client
        if self._open[client] >= mine:
            detail = f"You have {mine} live sessions open, the limit for one client."
            await self._refuse(socket, "busy", f"{detail} Close one, or try again in a moment.")
            return
        try:
            self._engine.classifier()
        except NotReadyError as error:
            await self._refuse(socket, "not_ready", str(error))
            return
        self._metrics.live_sessions.labels("accepted").inc()
        thread = self._free.pop()
        self._open[client] += 1
        session = LiveSession(
            socket, self._engine, self._settings, thread, self._trackers, self._metrics
        )
        if self._free:
            self._trackers.prepare()
        try:
            await session.run()
        finally:
            self._free.append(thread)
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]
            self._trackers.prepare()

    async def _refuse(self, socket: WebSocket, code: ErrorCode, detail: str) -> None:
        self._metrics.live_sessions.labels(code).inc()
        try:
            await socket.send_text(error_message(code, detail, None, 0))
            await socket.close(CloseCode.TRY_AGAIN_LATER, "Try again later.")
        except WebSocketDisconnect:
            _LOG.debug("a refused client had already left")
