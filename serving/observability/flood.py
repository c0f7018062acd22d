"""Keeps strangers from filling the disk with log lines."""

import logging
import time
from collections.abc import Callable

_WINDOW_S = 60.0
_MOST = 60
_MAX_KEPT = 1000


class FloodFilter(logging.Filter):
    """Drops warnings that come again and again, and says how many it dropped.

    Of each message, whatever its arguments, 60 a minute are logged. Information of the service
    itself always is; uvicorn's counts as a warning, because clients cause it.

    Args:
        clock: Source of the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        # Start of the minute, and number of records in it, of each logger and message.
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record."""
        if record.levelno < logging.WARNING and not record.name.startswith("uvicorn"):
            return True
        key, now_s = (record.name, str(record.msg)), self._clock()
        began_s, count = self._seen.get(key, (now_s, 0))
        if now_s - began_s >= _WINDOW_S:
            if count > _MOST:
                left_out = f"({count - _MOST} more like this were left out)"
                record.msg, record.args = f"{record.getMessage().rstrip()} {left_out}", ()
            began_s, count = now_s, 0
        if len(self._seen) >= _MAX_KEPT and key not in self._seen:
            self._seen.clear()
        self._seen[key] = began_s, count + 1
        return count < _MOST
