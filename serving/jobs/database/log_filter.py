"""What DBOS logs and the service's log is spared."""

import logging
import re
import time
from collections import deque
from collections.abc import Callable

_JOB_ID = re.compile(r"[0-9a-f]{32}")
_REMOVED_IDS_KEPT = 1000
# What the errors of the databases' drivers have in common.
_OUTAGE = re.compile("OperationalError|Notification listener error")
_OUTAGE_INTERVAL_S = 60.0


class LogFilter(logging.Filter):
    """Drops what DBOS logs about deleted jobs, and shortens what it logs about a lost database.

    A job deleted just as it starts has nowhere to store its outcome; DBOS warns about that, then
    logs an exception. Both name the workflow, so records are matched by job ID: wording and
    exception classes are the library's own business.

    While its database is away, DBOS would log ten tracebacks a second, which fills a disk over
    night. Of each place in its code, one line a minute is kept.

    Args:
        check_thread: Prefix of the name of the thread that asks whether the database is there. The
            service says once that it is not, instead of at every check.
        clock: Source of the time in seconds.
    """

    def __init__(self, check_thread: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._check_thread = check_thread
        self._clock = clock
        # When each place in DBOS's code last said that the database is away.
        self._said_s: dict[tuple[str, int], float] = {}
        self._removed: deque[str] = deque(maxlen=_REMOVED_IDS_KEPT)

    def add_removed(self, job_id: str) -> None:
        """Log nothing about this job from now on."""
        self._removed.append(job_id)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record."""
        if record.threadName is not None and record.threadName.startswith(self._check_thread):
            return False
        error = record.exc_info[1] if record.exc_info else None
        text = f"{record.getMessage()} {error or ''}"
        if any(job_id in self._removed for job_id in _JOB_ID.findall(text)):
            return False
        return not _OUTAGE.search(text) or self._is_due(record)

    def _is_due(self, record: logging.LogRecord) -> bool:
        place, now_s = (record.pathname, record.lineno), self._clock()
        if now_s - self._said_s.get(place, -_OUTAGE_INTERVAL_S) < _OUTAGE_INTERVAL_S:
            return False
        self._said_s[place] = now_s
        lines = record.getMessage().strip().splitlines()
        record.msg, record.args = lines[0] if len(lines) == 1 else f"{lines[0]} … {lines[-1]}", ()
        record.exc_info = record.exc_text = None
        return True
