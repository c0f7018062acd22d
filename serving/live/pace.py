"""Slows a session down to a rate, so that one client cannot take the others' share."""

import asyncio
import time

_BURST_S = 0.25


class Pace:
    """Lets work pass at a rate, with short bursts. For one task.

    Args:
        per_s: Rate in the long run.
    """

    def __init__(self, per_s: float) -> None:
        self._interval_s = 1 / per_s
        self._burst_s = max(_BURST_S, self._interval_s)
        # The moment at which all the work so far would have been done at an even rate.
        self._due_s = 0.0

    async def wait(self) -> None:
        """Wait for the next turn."""
        now_s = time.monotonic()
        self._due_s = max(self._due_s, now_s - self._burst_s) + self._interval_s
        if self._due_s > now_s:
            await asyncio.sleep(self._due_s - now_s)
