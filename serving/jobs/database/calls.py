"""Calls to the database that are given up when it does not answer.

DBOS waits for a lost database for as long as it takes. Requests must not: their calls are made on
threads of their own, and given up after a while. So are the checks, on a thread that requests
cannot occupy.
"""

import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from dbos import DBOSClient

from serving.errors import DiskFullError, NotReadyError
from serving.storage.disk_space import is_disk_full

T = TypeVar("T")

# Patience with a database that does not answer: of a request, and of the check for readiness, which
# has to say so within two seconds.
_CALL_TIMEOUT_S = 1.5
_CHECK_TIMEOUT_S = 1.0
_CALL_THREADS = 8
CHECK_THREAD = "queue-check"
SILENT = (
    "The queue's database does not answer. The service continues by itself when it does "
    "(`serving.database_url` in params.yaml)."
)


class DatabaseCalls:
    """The threads that wait for the database. Safe to share between threads, except for the checks.

    Args:
        database_url: SQLite or PostgreSQL.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._calls = _call_threads()
        self._checks = ThreadPoolExecutor(1, thread_name_prefix=CHECK_THREAD)
        self._checking: Future[str | None] | None = None
        self._was_silent = False
        self._client: DBOSClient | None = None

    def close(self) -> None:
        """Make no more calls."""
        for threads in (self._calls, self._checks):
            threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.destroy()

    def in_time(self, call: Callable[[], T], *, checking: bool = False) -> T:
        """Make a call on another thread, and do not wait for ever for its result.

        Args:
            call: The call.
            checking: Whether it belongs to the checks.

        Raises:
            NotReadyError: The database did not answer in time.
            DiskFullError: The database has no room on its disk.
        """
        threads = self._checks if checking else self._calls
        context = contextvars.copy_context()
        try:
            return threads.submit(context.run, call).result(_CALL_TIMEOUT_S)
        except TimeoutError as error:
            raise NotReadyError(SILENT) from error
        except Exception as error:
            if is_disk_full(error):
                raise DiskFullError(
                    "The disk of the queue's database is full. Make room on it and try again."
                ) from error
            raise

    def check(self) -> str | None:
        """Ask the database whether it is there; returns what is wrong. For one thread only.

        A SQLite file is part of this process, so there is no one to ask.
        """
        if self._url.startswith("sqlite"):
            return None
        if self._checking is None:
            self._checking = self._checks.submit(self._ask)
        try:
            problem = self._checking.result(_CHECK_TIMEOUT_S)
        except TimeoutError:
            problem = SILENT  # and the same answer is awaited at the next check
        else:
            self._checking = None
        if problem is None and self._was_silent:
            # Threads that are still waiting for an answer must not keep others from asking.
            self._calls, stuck = _call_threads(), self._calls
            stuck.shutdown(wait=False)
        self._was_silent = problem is not None
        return problem

    def _ask(self) -> str | None:
        try:
            if self._client is None:
                self._client = DBOSClient(
                    system_database_url=self._url,
                    system_database_pool_size=1,
                    lazy=True,
                    retry_connection_errors=False,
                )
            self._client.check_connection()
        except Exception as error:
            # The errors of the database driver, SQLAlchemy and DBOS have no common base class.
            return f"{SILENT} ({type(error).__name__})"
        return None


def _call_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_CALL_THREADS, thread_name_prefix="queue-call")
