"""A job while it is being worked on: its progress, and the ways to interrupt it."""

import threading
from dataclasses import dataclass

DELETED = "The video was deleted."


@dataclass(frozen=True)
class JobProgress:
    """How much of a job is done.

    Attributes:
        done: Number of frames processed.
        total: Number of frames the video announces; None when it announces none.
    """

    done: int = 0
    total: int | None = None


class StoppedError(BaseException):
    """The process is shutting down. Not an ``Exception``: DBOS must not record it as an outcome."""


class CancelledError(Exception):
    """The job was deleted while it ran."""


class RunningJob:
    """The state shared by a worker thread and the rest of the service.

    Args:
        stopping: Set when the process is shutting down.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self.cancelled = threading.Event()
        self.interrupted = threading.Event()
        self.finished = threading.Event()
        self.progress = JobProgress()
        self._stopping = stopping

    def check(self) -> None:
        """Raise if the work has to end here; workers call it once per frame.

        Raises:
            StoppedError: The process is shutting down, or another one may have taken the job over;
                it stays pending and is resumed.
            CancelledError: The job was deleted.
        """
        if self._stopping.is_set() or self.interrupted.is_set():
            raise StoppedError
        if self.cancelled.is_set():
            raise CancelledError
