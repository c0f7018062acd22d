"""A place for one frame: the newest wins."""

import asyncio
import time
from dataclasses import dataclass

from serving.live.wire import LiveFrame


@dataclass(frozen=True)
class Arrived:
    """A frame and when it came, by ``time.perf_counter``."""

    frame: LiveFrame
    at_s: float


class Mailbox:
    """Between whoever receives frames and whoever answers them; both on one event loop.

    A queue would make answers later and later when frames come faster than they are answered.

    Attributes:
        dropped: number of frames that a newer one has replaced.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._newest: Arrived | None = None
        self._filled = asyncio.Event()

    def put(self, frame: LiveFrame) -> None:
        """Leave a frame, in place of one that nobody has taken."""
        self.dropped += self._newest is not None
        self._newest = Arrived(frame, time.perf_counter())
        self._filled.set()

    async def take(self) -> Arrived:
        """Wait for a frame."""
        await self._filled.wait()
        self._filled.clear()
        newest, self._newest = self._newest, None
        assert newest is not None  # noqa: S101 - for the type checker
        return newest
