"""Durable workflows in SQLite or PostgreSQL; the only module that touches DBOS.

A job has an analysis and, after that has succeeded, an overlay. Each has its own queue, so drawing
one video does not delay the analysis of the next. The end of an analysis and the start of its
overlay are one step: neither exists without the other, no matter when the process is killed.

A workflow interrupted by a kill stays pending, and the next process runs it again from the start.
The finished chunks in the job's folder make that rerun cheap and its result identical. DBOS would
give up a workflow that was started too often; it cannot tell an orderly stop from a crash, so the
job's record counts attempts instead.

DBOS waits for a lost database for as long as it takes. Requests must not: their calls are made on
threads of their own, and given up after a while.
"""

import contextvars
import logging
import re
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID

from serving.errors import DiskFullError, NotReadyError
from serving.storage.disk_space import is_disk_full
from serving.storage.job_record import WorkKind

if TYPE_CHECKING:
    from dbos import WorkflowStatus

T = TypeVar("T")
WorkflowKind = WorkKind
WorkflowState = Literal["waiting", "running", "ended", "broken"]

KINDS: tuple[WorkflowKind, ...] = ("analysis", "overlay")
_STATES: dict[str, WorkflowState] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "SUCCESS": "ended",
}
# Constant, so that a newer build finishes the jobs an older one started. Raise it only when the
# older build's jobs can no longer be finished.
_APPLICATION_VERSION = "1"
# Stored in the database: existing jobs are found under these names.
_NAMES: dict[WorkflowKind, str] = {"analysis": "analyse_video", "overlay": "render_overlay"}
_ID_SUFFIXES: dict[WorkflowKind, str] = {"analysis": "", "overlay": "-overlay"}
# How often each queue is polled. A poll takes 4 ms of CPU time, which live sessions notice, and
# overlays are less urgent than timelines.
_POLL_INTERVALS_S: dict[WorkflowKind, float] = {"analysis": 0.4, "overlay": 1.0}
_END_POLL_INTERVAL_S = 0.02
_JOB_ID = re.compile(r"[0-9a-f]{32}")
_REMOVED_IDS_KEPT = 1000
# Patience with a database that does not answer: of a request, and of the check for readiness, which
# has to say so within two seconds.
_CALL_TIMEOUT_S = 1.5
_CHECK_TIMEOUT_S = 1.0
_CALL_THREADS = 8
_CHECK_THREAD = "queue-check"
_CONNECT_TIMEOUT_S = 5
SILENT = (
    "The queue's database does not answer. The service continues by itself when it does "
    "(`serving.database_url` in params.yaml)."
)


@dataclass(frozen=True)
class JobInput:
    """The input of a job's workflows, stored in the database as long as the job exists.

    Attributes:
        media: Name of the uploaded file in the job's folder.
        source: Name the owner gave the video.
        created_s: Time of the upload, in seconds since 1970.
        owner: Name of the client that sent it; empty on a service without tokens, and in jobs that
            early versions stored.
    """

    media: str
    source: str
    created_s: float
    owner: str = ""


@dataclass(frozen=True)
class Workflow:
    """One of a job's workflows, as stored in the database.

    Attributes:
        job_id: ID of the job.
        kind: Kind of work it does.
        state: State of the work; ``broken`` if it crashed the process too often or raised an
            exception.
        given: Input of the work.
        outcome: Return value after it has ended: None, or the reason for the failure.
    """

    job_id: str
    kind: WorkflowKind
    state: WorkflowState
    given: JobInput
    outcome: str | None


class Workflows:
    """The database of the queues.

    Args:
        database_url: SQLite or PostgreSQL.
        instance: Owner of the queues: services that share a database do not run each other's jobs.
        workers: Number of workflows of each kind that run in parallel.
        run: The work of each kind, called with the job's ID and input; returns None or the reason
            for the failure. None: nothing is run.
    """

    def __init__(
        self,
        database_url: str,
        instance: str,
        workers: dict[WorkflowKind, int],
        run: dict[WorkflowKind, Callable[[str, JobInput], str | None]] | None,
    ) -> None:
        self._instance = instance
        self._url = database_url
        self._calls: ThreadPoolExecutor | None = None
        self._checks: ThreadPoolExecutor | None = None
        self._checking: Future[str | None] | None = None
        self._was_silent = False
        self._client: DBOSClient | None = None
        self._outcomes: dict[tuple[WorkflowKind, str], str | None] = {}
        self._queues: dict[WorkflowKind, str] = {
            "analysis": f"analyses-{instance}",
            "overlay": f"overlays-{instance}",
        }
        config: DBOSConfig = {
            "name": "straps-serve",
            "system_database_url": database_url,
            "application_version": _APPLICATION_VERSION,
            "executor_id": instance,
            "log_level": "WARNING",
            "enable_otlp": False,
            "db_engine_kwargs": _engine_options(database_url),
        }
        DBOS(config=config)
        # A service must not touch the queues of others in the same database: they have the files.
        DBOS.listen_queues([] if run is None else list(self._queues.values()))
        self._removed = _RemovedJobs()
        logging.getLogger("dbos").addFilter(self._removed)

        def analysis(
            job_id: str, media: str, source: str, created_s: float, owner: str = ""
        ) -> str | None:
            given = JobInput(media, source, created_s, owner)
            problem = outcome("analysis", job_id, given)
            if problem is None:
                self._enqueue("overlay", job_id, given)
            return problem

        def overlay(
            job_id: str, media: str, source: str, created_s: float, owner: str = ""
        ) -> str | None:
            return outcome("overlay", job_id, JobInput(media, source, created_s, owner))

        def outcome(kind: WorkflowKind, job_id: str, given: JobInput) -> str | None:
            if run is None or (kind, job_id) in self._outcomes:
                return self._outcomes[kind, job_id]
            return run[kind](job_id, given)

        self._workflows: dict[WorkflowKind, Any] = {
            "analysis": _workflow("analysis", analysis),
            "overlay": _workflow("overlay", overlay),
        }
        try:
            DBOS.launch()
            for kind, queue in self._queues.items():
                DBOS.register_queue(
                    queue,
                    worker_concurrency=workers[kind],
                    polling_interval_sec=_POLL_INTERVALS_S[kind],
                    on_conflict="always_update",
                )
        except BaseException:
            self.close()
            raise
        self._calls = _threads(_CALL_THREADS)
        self._checks = ThreadPoolExecutor(1, thread_name_prefix=_CHECK_THREAD)

    def close(self) -> None:
        """Stop running workflows."""
        DBOS.destroy(destroy_registry=True)
        logging.getLogger("dbos").removeFilter(self._removed)
        for threads in (self._calls, self._checks):
            if threads is not None:
                threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.destroy()

    def check(self) -> str | None:
        """Ask the database whether it is there; returns what is wrong. For one thread only.

        A SQLite file is part of this process, so there is no one to ask.
        """
        if self._url.startswith("sqlite"):
            return None
        assert self._checks is not None  # noqa: S101 - for the type checker: open
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
            self._calls, stuck = _threads(_CALL_THREADS), self._calls
            if stuck is not None:
                stuck.shutdown(wait=False)
        self._was_silent = problem is not None
        return problem

    def add(self, kind: WorkflowKind, job_id: str, given: JobInput) -> None:
        """Enqueue work, at most once per job and kind; on return it is stored durably."""
        self._in_time(lambda: self._enqueue(kind, job_id, given))

    def add_ended(
        self, kind: WorkflowKind, job_id: str, given: JobInput, outcome: str | None
    ) -> None:
        """Store work that has ended already, with its outcome. Without a time limit."""
        self._outcomes[kind, job_id] = outcome
        try:
            with SetWorkflowID(_workflow_id(kind, job_id)):
                self._workflows[kind](
                    job_id, given.media, given.source, given.created_s, given.owner
                )
        finally:
            del self._outcomes[kind, job_id]

    def again(self, kind: WorkflowKind, job_id: str) -> None:
        """For the thread that checks: enqueue a workflow again that is running by name only."""
        workflow_id, queue = _workflow_id(kind, job_id), self._queues[kind]
        self._in_time(lambda: DBOS.resume_workflow(workflow_id, queue_name=queue), self._checks)

    def _enqueue(self, kind: WorkflowKind, job_id: str, given: JobInput) -> None:
        with SetWorkflowID(_workflow_id(kind, job_id)):
            DBOS.enqueue_workflow(
                self._queues[kind],
                self._workflows[kind],
                job_id,
                given.media,
                given.source,
                given.created_s,
                given.owner,
            )

    def of_job(self, job_id: str) -> dict[WorkflowKind, Workflow]:
        """A job's workflows by kind, in one query."""
        found = self._list(workflow_ids=[_workflow_id(kind, job_id) for kind in KINDS])
        return {workflow.kind: workflow for workflow in map(self._read, found)}

    def all(self) -> list[dict[WorkflowKind, Workflow]]:
        """Every job's workflows by kind, in one query and in no particular order."""
        jobs: dict[str, dict[WorkflowKind, Workflow]] = {}
        for workflow in map(self._read, self._list()):
            jobs.setdefault(workflow.job_id, {})[workflow.kind] = workflow
        return list(jobs.values())

    def count_waiting(self) -> int:
        """Number of analyses that have not started."""
        waiting = ["ENQUEUED", "DELAYED"]
        queue = self._queues["analysis"]
        return len(
            self._list(queue_name=queue, status=waiting, load_input=False, load_output=False)
        )

    def running(self) -> list[tuple[WorkflowKind, str]]:
        """For the thread that checks: kinds and job IDs of what the database says is running."""
        found = self._list(self._checks, status="PENDING", load_input=False, load_output=False)
        return [(workflow.kind, workflow.job_id) for workflow in map(self._read, found)]

    def remove(self, kind: WorkflowKind, job_id: str) -> None:
        """Delete a workflow; if it is still waiting, it will not run."""
        self._removed.add(job_id)
        self._in_time(lambda: DBOS.delete_workflow(_workflow_id(kind, job_id)))

    def wait_while_running(self, kind: WorkflowKind, job_id: str, timeout_s: float) -> None:
        """Block until a running workflow has ended; return at once if it is not running."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.of_job(job_id).get(kind)
            if found is None or found.state != "running":
                return
            time.sleep(_END_POLL_INTERVAL_S)

    def _list(
        self, threads: ThreadPoolExecutor | None = None, **conditions: Any
    ) -> "list[WorkflowStatus]":
        # By executor and not by queue: what was given up, or stored when it had ended, is in none.
        names = list(_NAMES.values())
        return self._in_time(
            lambda: DBOS.list_workflows(executor_id=self._instance, name=names, **conditions),
            threads,
        )

    def _in_time(self, call: Callable[[], T], threads: ThreadPoolExecutor | None = None) -> T:
        """Make a call on another thread, and do not wait for ever for its result.

        Raises:
            NotReadyError: The database did not answer in time.
            DiskFullError: The database has no room on its disk.
        """
        threads = threads or self._calls
        assert threads is not None  # noqa: S101 - for the type checker: open
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

    def _read(self, workflow: "WorkflowStatus") -> Workflow:
        kind: WorkflowKind = "overlay" if workflow.name == _NAMES["overlay"] else "analysis"
        given = workflow.input
        arguments = given["args"][1:] if given else ("", "", 0.0)
        return Workflow(
            job_id=workflow.workflow_id.removesuffix(_ID_SUFFIXES[kind]),
            kind=kind,
            state=_STATES.get(workflow.status, "broken"),
            given=JobInput(*arguments),
            outcome=workflow.output,
        )


class _RemovedJobs(logging.Filter):
    """Drops what DBOS logs about jobs that were deleted on purpose.

    A job deleted just as it starts has nowhere to store its outcome; DBOS warns about that, then
    logs an exception. Both name the workflow, so records are matched by job ID: wording and
    exception classes are the library's own business.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ids: deque[str] = deque(maxlen=_REMOVED_IDS_KEPT)

    def add(self, job_id: str) -> None:
        self._ids.append(job_id)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record."""
        if record.threadName is not None and record.threadName.startswith(_CHECK_THREAD):
            return False  # the service says once that the database is silent, not every second
        error = record.exc_info[1] if record.exc_info else None
        named = _JOB_ID.findall(f"{record.getMessage()} {error}")
        return not any(job_id in self._ids for job_id in named)


def _workflow(kind: WorkflowKind, function: Callable[..., str | None]) -> Any:
    return DBOS.workflow(name=_NAMES[kind], max_recovery_attempts=None)(function)


def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="queue-call")


def _engine_options(database_url: str) -> dict[str, Any]:
    """Options of the database's driver; an address that says something else takes precedence."""
    if database_url.startswith("sqlite") or "connect_timeout" in database_url:
        return {}
    return {"connect_args": {"connect_timeout": _CONNECT_TIMEOUT_S}}


def _workflow_id(kind: WorkflowKind, job_id: str) -> str:
    return job_id + _ID_SUFFIXES[kind]
