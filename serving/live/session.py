"""One websocket session: receives frames, answers the newest, and closes cleanly.

Two tasks share the work. One reads frames as fast as they arrive, so that control messages never
wait; the other answers, with inference in the session's own thread, so that the event loop stays
free. A failure affects this session only.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from serving.live.classifier import LiveClassifier
from serving.live.frame import FrameError, LiveFrame, parse_frame
from serving.live.mailbox import Arrived, Mailbox
from serving.live.pace import Pace
from serving.live.trackers import TrackedFrame, TrackerPool
from serving.live.wire import CloseCode, error_message, pose_message, ready_message
from serving.model.engine import Engine
from serving.observability.metrics import Metrics
from serving.settings import Settings
from shared_features.errors import WorkerDiedError, WorkerTimeoutError
from shared_features.runtime.worker_process import WorkerProcess

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
# Replacing a process costs a second of a core, so a client may not have it done for ever.
_MAX_CRASHES = 3
# Messages are read, to drop them, this many times as often as frames are classified.
_MESSAGES_PER_FRAME = 5


class _Close(Exception):
    """Closes the session.

    Args:
        code: Close code.
        reason: Reason in words, at most 123 bytes (RFC 6455).
    """

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class LiveSession:
    """A session from the accepted websocket to its end.

    Args:
        socket: Accepted websocket.
        engine: Engine with the served model.
        settings: Limits and pose settings.
        thread: Single-thread executor for this session only: a tracker follows one person.
        trackers: Pool that the session's tracker is taken from and given back to.
        metrics: Where frames are counted.
    """

    def __init__(
        self,
        socket: WebSocket,
        engine: Engine,
        settings: Settings,
        thread: ThreadPoolExecutor,
        trackers: TrackerPool,
        metrics: Metrics,
    ) -> None:
        self._socket = socket
        self._engine = engine
        self._settings = settings
        self._live = settings.serving.live
        self._mailbox = Mailbox()
        self._sending = asyncio.Lock()
        self._last: LiveFrame | None = None
        self._thread = thread
        self._trackers = trackers
        self._tracker = trackers.take()
        self._crashes = 0
        self._metrics = metrics

    async def run(self) -> None:
        """Serve until either side closes."""
        try:
            await asyncio.wrap_future(self._tracker)
            scoring = self._settings.shared.scoring
            classifier = LiveClassifier(self._live, scoring, self._engine.classifier())
            await self._send(self._ready(classifier))
            await self._first_to_end(self._receive(), self._answer(classifier))
        except WebSocketDisconnect:
            pass  # the client has left
        except _Close as close:
            await self._close(close.code, str(close))
        except Exception:
            _LOG.exception("a live session failed")
            await self._close(CloseCode.INTERNAL_ERROR, "Internal error; see the service's log.")
        finally:
            # After the frame that is being processed: a worker has one call at a time.
            self._trackers.give_back(self._tracker)

    async def _first_to_end(self, *work: Coroutine[Any, Any, None]) -> None:
        tasks = [asyncio.ensure_future(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        pace = Pace(self._live.max_fps * _MESSAGES_PER_FRAME)
        while True:
            await pace.wait()
            try:
                async with asyncio.timeout(self._live.idle_timeout_s):
                    message = await self._socket.receive()
            except TimeoutError:
                seconds = f"{self._live.idle_timeout_s:g} s"
                raise _Close(CloseCode.IDLE, f"No frame arrived for {seconds}.") from None
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is None:
                raise _Close(
                    CloseCode.UNSUPPORTED_DATA,
                    "Received text; frames are binary messages.",
                )
            self._metrics.live_received.inc()
            try:
                if self._mailbox.put(self._in_order(parse_frame(message["bytes"]))):
                    self._metrics.live_frames.labels("dropped").inc()
            except FrameError as error:
                await self._send_error(error)

    def _in_order(self, frame: LiveFrame) -> LiveFrame:
        last = self._last
        if last and (frame.frame_id <= last.frame_id or frame.capture_s <= last.capture_s):
            raise FrameError(
                "out_of_order",
                f"Frame {frame.frame_id}, captured at {frame.capture_s} s, arrived after frame "
                f"{last.frame_id}, captured at {last.capture_s} s; both numbers must increase.",
                frame.frame_id,
            )
        self._last = frame
        return frame

    async def _answer(self, live: LiveClassifier) -> None:
        pace = Pace(self._live.max_fps)
        while True:
            await pace.wait()
            arrived = await self._mailbox.take()
            served = self._engine.classifier()
            if served.sha256 != live.classifier.sha256:
                live.use(served)
                await self._send(self._ready(live))
            try:
                message = await self._in_thread(partial(self._predict, live, arrived))
            except FrameError as error:
                await self._send_error(error)
            except WorkerDiedError as error:
                await self._replace_tracker(arrived.frame, error)
            else:
                await self._send(message)
                self._metrics.live_frames.labels("answered").inc()
                took_s = time.perf_counter() - arrived.at_s
                self._metrics.live_frame_seconds.observe(took_s)

    async def _replace_tracker(self, frame: LiveFrame, error: WorkerDiedError) -> None:
        """Skip an image that took its process down, and continue with a fresh tracker."""
        _LOG.warning("a live image was skipped: %s", error)
        self._crashes += 1
        if self._crashes >= _MAX_CRASHES:
            raise _Close(
                CloseCode.POLICY_VIOLATION,
                f"{self._crashes} images could not be decoded without crashing or taking too long.",
            )
        what = "took too long" if isinstance(error, WorkerTimeoutError) else "crashed"
        detail = f"Decoding the image {what}, so it was skipped. Send JPEG images of 640×480."
        await self._send_error(FrameError("bad_picture", detail, frame.frame_id))
        self._trackers.give_back(self._tracker)
        self._tracker = self._trackers.take()
        await asyncio.wrap_future(self._tracker)

    def _predict(self, live: LiveClassifier, arrived: Arrived) -> str:
        """The message for a frame; called in the session's thread."""
        started_s = time.perf_counter()
        worker: WorkerProcess = self._tracker.result()
        tracked: TrackedFrame = worker.call(
            "track_image",
            arrived.frame,
            self._live.max_pixels,
            self._settings.shared.media.max_side_pixels,
            timeout_s=self._live.frame_timeout_s,
        )
        prediction = live.classify(tracked, arrived.frame.capture_s)
        timings_s = {
            "queue": started_s - arrived.at_s,
            "decode": tracked.decode_s,
            "pose": prediction.pose_s,
            "classify": prediction.classify_s,
            "total": time.perf_counter() - arrived.at_s,
        }
        timings_ms = {name: seconds * 1000 for name, seconds in timings_s.items()}
        return pose_message(arrived.frame, prediction, self._mailbox.dropped, timings_ms)

    def _ready(self, live: LiveClassifier) -> str:
        return ready_message(live.classifier, self._live, live.classifier.contract.timeline)

    async def _send_error(self, error: FrameError) -> None:
        self._metrics.live_frames.labels("refused").inc()
        await self._send(
            error_message(error.code, str(error), error.frame_id, self._mailbox.dropped)
        )

    async def _send(self, message: str) -> None:
        try:
            async with asyncio.timeout(self._live.send_timeout_s), self._sending:
                await self._socket.send_text(message)
        except TimeoutError:
            seconds = f"{self._live.send_timeout_s:g} s"
            raise _Close(CloseCode.NOT_READING, f"Responses were not read for {seconds}.") from None

    async def _close(self, code: CloseCode, reason: str) -> None:
        if self._socket.application_state is not WebSocketState.CONNECTED:
            return
        # A client that does not read cannot get this either; its transport is aborted then.
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(self._live.send_timeout_s):
                await self._socket.close(code, reason)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
