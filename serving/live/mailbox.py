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

    A queue would make answers later and later when frames come faster than they are answered. Who
    waits for a frame gets the next one for certain, so a client with one frame being answered and
    one on its way loses none.

    Attributes:
        dropped: number of frames that a newer one has replaced.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._newest: Arrived | None = None
        self._waiting: asyncio.Future[Arrived] | None = None

    def put(self, frame: LiveFrame) -> None:
        """Leave a frame, in place of one that nobody has taken."""
        arrived = Arrived(frame, time.perf_counter())
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(arrived)
            return
        self.dropped += self._newest is not None
        self._newest = arrived

    async def take(self) -> Arrived:
        """Wait for a frame."""
        if self._newest is not None:
            newest, self._newest = self._newest, None
            return newest
        self._waiting = asyncio.get_running_loop().create_future()
        return await self._waiting
