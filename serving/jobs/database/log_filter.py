"""What DBOS logs and the service's log is spared."""

import logging
import re
from collections import deque

_JOB_ID = re.compile(r"[0-9a-f]{32}")
_REMOVED_IDS_KEPT = 1000


class LogFilter(logging.Filter):
    """Drops what DBOS logs about jobs that were deleted on purpose, and about failed checks.

    A job deleted just as it starts has nowhere to store its outcome; DBOS warns about that, then
    logs an exception. Both name the workflow, so records are matched by job ID: wording and
    exception classes are the library's own business.

    Args:
        check_thread: Prefix of the name of the thread that asks whether the database is there. The
            service says once that it is not, instead of at every check.
    """

    def __init__(self, check_thread: str) -> None:
        super().__init__()
        self._check_thread = check_thread
        self._removed: deque[str] = deque(maxlen=_REMOVED_IDS_KEPT)

    def add_removed(self, job_id: str) -> None:
        """Log nothing about this job from now on."""
        self._removed.append(job_id)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record."""
        if record.threadName is not None and record.threadName.startswith(self._check_thread):
            return False
        error = record.exc_info[1] if record.exc_info else None
        named = _JOB_ID.findall(f"{record.getMessage()} {error}")
        return not any(job_id in self._removed for job_id in named)
