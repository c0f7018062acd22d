"""Opens the queue's database and watches over it for as long as the service runs."""

import logging
import threading
import time
from collections.abc import Callable

from serving.errors import DiskFullError, NotReadyError
from serving.jobs.database.replicas import BEAT_INTERVAL_S
from serving.jobs.database.stored import WorkflowKind
from serving.jobs.database.workflows import Workflows
from serving.jobs.work.runner import Runner

_LOG = logging.getLogger(__name__)

_STOP_TIMEOUT_S = 10.0
# How long the start waits for a database that does not answer; later, the service only says so.
_OPEN_TIMEOUT_S = 5.0
_REOPEN_INTERVAL_S = 2.0
_CHECK_INTERVAL_S = 0.5
_ORPHANS_INTERVAL_S = 5.0


class Upkeep:
    """A thread that opens the database, says what is wrong with it, and finds work without a run.

    Args:
        open_workflows: Opens the database.
        runner: What does the work.
        tidy: Called every now and then while the database answers.
        stopping: Set when the process is shutting down.
    """

    def __init__(
        self,
        open_workflows: Callable[[], Workflows],
        runner: Runner,
        tidy: Callable[[], None],
        stopping: threading.Event,
    ) -> None:
        self._open_workflows, self._runner, self._tidy = open_workflows, runner, tidy
        self._stopping = stopping
        self._opened: Workflows | None = None
        self._problem: str | None = "The queue is being opened."
        self._tried = threading.Event()
        self._orphans: set[tuple[WorkflowKind, str]] = set()
        self._thread = threading.Thread(target=self._look_after, name="queue-upkeep", daemon=True)

    @property
    def problem(self) -> str | None:
        """Reason the queue is not running; None when it is."""
        return self._problem

    @property
    def workflows(self) -> Workflows:
        """The opened database.

        Raises:
            NotReadyError: The queue is not running.
        """
        if self._opened is None or self._problem:
            raise NotReadyError(self._problem or "The queue is being opened.")
        return self._opened

    def start(self) -> None:
        """Open the database; if that is not possible now, it is tried again until it is."""
        self._thread.start()
        self._tried.wait(_OPEN_TIMEOUT_S)

    def stop(self) -> None:
        """Close the database; ``stopping`` has been set."""
        if self._thread.ident is not None:
            self._thread.join(_STOP_TIMEOUT_S)
        if self._opened is not None:
            # A database that does not answer must not keep the process from ending.
            closing = threading.Thread(target=self._opened.close, name="queue-close", daemon=True)
            closing.start()
            closing.join(_STOP_TIMEOUT_S)
        self._opened, self._problem = None, "The service is shutting down."

    def _look_after(self) -> None:
        """Open the queue, then watch over it, until the service stops."""
        checked_s = time.monotonic()
        beaten_s = 0.0
        while not self._stopping.is_set():
            if self._opened is None:
                self._open()
                self._tried.set()
            else:
                silent = self._opened.check()
                if silent != self._problem:
                    _LOG.warning("%s", silent or "The queue's database answers again.")
                    self._problem = silent
                if silent is None and self._opened.is_shared:
                    beaten_s = self._share(self._opened, beaten_s)
                if silent is None and time.monotonic() - checked_s > _ORPHANS_INTERVAL_S:
                    self._adopt_orphans(self._opened)
                    self._run_tidy()
                    checked_s = time.monotonic()
            self._stopping.wait(_CHECK_INTERVAL_S if self._opened else _REOPEN_INTERVAL_S)

    def _share(self, workflows: Workflows, beaten_s: float) -> float:
        """Tell the other services that this one is there, and take over what those gone left.

        Returns:
            When it was told last, by ``time.monotonic``.
        """
        now_s = time.monotonic()
        if now_s - beaten_s < BEAT_INTERVAL_S:
            return beaten_s
        try:
            self._runner.cancel_removed()
            if not workflows.beat():
                _LOG.warning("this service was silent for so long that others take over its work")
                self._runner.interrupt()
            for gone in workflows.take_over():
                _LOG.warning("the service %s is gone; its work is queued again", gone)
        except (NotReadyError, DiskFullError):
            return beaten_s  # as in `_adopt_orphans`
        except Exception:
            # As in `_open`.
            _LOG.exception("the other services could not be reached")
        return now_s

    def _run_tidy(self) -> None:
        try:
            self._tidy()
        except (NotReadyError, DiskFullError):
            pass  # as in `_adopt_orphans`
        except Exception:
            # As in `_open`; the service does not end because it cannot tidy up.
            _LOG.exception("old videos could not be removed")

    def _open(self) -> None:
        try:
            workflows = self._open_workflows()
        except Exception as error:
            # The errors of the database driver, SQLAlchemy and DBOS have no common base class. The
            # process stays up to report the problem.
            problem = (
                f"The queue's database cannot be used ({type(error).__name__}). Check "
                "`serving.database_url` in params.yaml, the disk, and the service's log. The "
                "service tries again every few seconds."
            )
            if problem != self._problem:
                _LOG.exception("the queue cannot be opened")
            self._problem = problem
        else:
            self._problem, self._opened = None, workflows
            self._runner.prepare()

    def _adopt_orphans(self, workflows: Workflows) -> None:
        """Enqueue again what is running according to the database, but is not.

        So it is if the outcome of some work could not be stored: the disk was full, or the database
        away. Two checks in a row must find it, because starting and ending take a moment.
        """
        try:
            orphans = set(workflows.running()) - self._runner.running()
            for kind, job_id in orphans & self._orphans:
                _LOG.warning("the %s of %s has no process and is queued again", kind, job_id)
                workflows.again(kind, job_id)
                orphans.discard((kind, job_id))
            self._orphans = orphans
        except (NotReadyError, DiskFullError):
            pass  # readiness says it; the next check tries again
        except Exception:
            # As in `_open`.
            _LOG.exception("the queue could not be checked")
