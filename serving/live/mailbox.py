"""A buffer for one frame: the newest wins."""

import asyncio
import time
from dataclasses import dataclass

from serving.live.frame import LiveFrame


@dataclass(frozen=True)
class Arrived:
    """A frame and its arrival time by ``time.perf_counter``."""

    frame: LiveFrame
    at_s: float


class Mailbox:
    """Passes frames from the receiving to the answering task of a session, on one event loop.

    A queue would grow when frames arrive faster than they are answered, and every response would
    be later than the last. A waiting task always gets the next frame, so a client with one frame
    in work and one on its way loses none.

    Attributes:
        dropped: Number of frames replaced by a newer one.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._newest: Arrived | None = None
        self._waiting: asyncio.Future[Arrived] | None = None

    def put(self, frame: LiveFrame) -> bool:
        """Leave a frame; returns whether it replaced one that had not been taken."""
        arrived = Arrived(frame, time.perf_counter())
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(arrived)
            return False
        replaced = self._newest is not None
        self.dropped += replaced
        self._newest = arrived
        return replaced

    async def take(self) -> Arrived:
        """Wait for a frame."""
        if self._newest is not None:
            newest, self._newest = self._newest, None
            return newest
        self._waiting = asyncio.get_running_loop().create_future()
        return await self._waiting
