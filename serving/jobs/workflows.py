"""Durable workflows in SQLite or PostgreSQL; the only module that touches DBOS.

A job has an analysis and, after that has succeeded, an overlay. Each has its own queue, so drawing
one video does not delay the analysis of the next. The end of an analysis and the start of its
overlay are one step: neither exists without the other, no matter when the process is killed.

A workflow interrupted by a kill stays pending, and the next process runs it again from the start.
The finished chunks in the job's folder make that rerun cheap and its result identical.
"""

import logging
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dbos import DBOS, DBOSConfig, SetWorkflowID

if TYPE_CHECKING:
    from dbos import WorkflowStatus

WorkflowKind = Literal["analysis", "overlay"]
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
# A video that has crashed the process this often is given up.
_MAX_ATTEMPTS = 10
# How often each queue is polled. A poll takes 4 ms of CPU time, which live sessions notice, and
# overlays are less urgent than timelines.
_POLL_INTERVALS_S: dict[WorkflowKind, float] = {"analysis": 0.4, "overlay": 1.0}
_END_POLL_INTERVAL_S = 0.02
_JOB_ID = re.compile(r"[0-9a-f]{32}")
_REMOVED_IDS_KEPT = 1000


@dataclass(frozen=True)
class JobInput:
    """The input of a job's workflows, stored in the database as long as the job exists.

    Attributes:
        media: Name of the uploaded file in the job's folder.
        source: Name the owner gave the video.
        created_s: Time of the upload, in seconds since 1970.
    """

    media: str
    source: str
    created_s: float


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
            for the failure.
    """

    def __init__(
        self,
        database_url: str,
        instance: str,
        workers: dict[WorkflowKind, int],
        run: dict[WorkflowKind, Callable[[str, JobInput], str | None]],
    ) -> None:
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
        }
        DBOS(config=config)
        self._removed = _RemovedJobs()
        logging.getLogger("dbos").addFilter(self._removed)

        def analysis(job_id: str, media: str, source: str, created_s: float) -> str | None:
            given = JobInput(media, source, created_s)
            problem = run["analysis"](job_id, given)
            if problem is None:
                self.add("overlay", job_id, given)
            return problem

        def overlay(job_id: str, media: str, source: str, created_s: float) -> str | None:
            return run["overlay"](job_id, JobInput(media, source, created_s))

        self._workflows: dict[WorkflowKind, Any] = {
            "analysis": _workflow("analysis", analysis),
            "overlay": _workflow("overlay", overlay),
        }
        DBOS.launch()
        for kind, queue in self._queues.items():
            DBOS.register_queue(
                queue,
                worker_concurrency=workers[kind],
                polling_interval_sec=_POLL_INTERVALS_S[kind],
                on_conflict="always_update",
            )

    def close(self) -> None:
        """Stop running workflows."""
        DBOS.destroy(destroy_registry=True)
        logging.getLogger("dbos").removeFilter(self._removed)

    def add(self, kind: WorkflowKind, job_id: str, given: JobInput) -> None:
        """Enqueue work, at most once per job and kind; on return it is stored durably."""
        with SetWorkflowID(_workflow_id(kind, job_id)):
            DBOS.enqueue_workflow(
                self._queues[kind],
                self._workflows[kind],
                job_id,
                given.media,
                given.source,
                given.created_s,
            )

    def of_job(self, job_id: str) -> dict[WorkflowKind, Workflow]:
        """A job's workflows by kind, in one query."""
        found = self._list(*KINDS, workflow_ids=[_workflow_id(kind, job_id) for kind in KINDS])
        return {workflow.kind: workflow for workflow in map(self._read, found)}

    def all(self) -> list[dict[WorkflowKind, Workflow]]:
        """Every job's workflows by kind, in one query and in no particular order."""
        jobs: dict[str, dict[WorkflowKind, Workflow]] = {}
        for workflow in map(self._read, self._list(*KINDS)):
            jobs.setdefault(workflow.job_id, {})[workflow.kind] = workflow
        return list(jobs.values())

    def count_waiting(self) -> int:
        """Number of analyses that have not started."""
        waiting = ["ENQUEUED", "DELAYED"]
        return len(self._list("analysis", status=waiting, load_input=False, load_output=False))

    def remove(self, kind: WorkflowKind, job_id: str) -> None:
        """Delete a workflow; if it is still waiting, it will not run."""
        self._removed.add(job_id)
        DBOS.delete_workflow(_workflow_id(kind, job_id))

    def wait_while_running(self, kind: WorkflowKind, job_id: str, timeout_s: float) -> None:
        """Block until a running workflow has ended; return at once if it is not running."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.of_job(job_id).get(kind)
            if found is None or found.state != "running":
                return
            time.sleep(_END_POLL_INTERVAL_S)

    def _list(self, *kinds: WorkflowKind, **conditions: Any) -> "list[WorkflowStatus]":
        return DBOS.list_workflows(queue_name=[self._queues[kind] for kind in kinds], **conditions)

    def _read(self, workflow: "WorkflowStatus") -> Workflow:
        kind: WorkflowKind = (
            "overlay" if workflow.queue_name == self._queues["overlay"] else "analysis"
        )
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
        error = record.exc_info[1] if record.exc_info else None
        named = _JOB_ID.findall(f"{record.getMessage()} {error}")
        return not any(job_id in self._ids for job_id in named)


def _workflow(kind: WorkflowKind, function: Callable[..., str | None]) -> Any:
    decorate = DBOS.workflow(name=_NAMES[kind], max_recovery_attempts=_MAX_ATTEMPTS)
    return decorate(function)


def _workflow_id(kind: WorkflowKind, job_id: str) -> str:
    return job_id + _ID_SUFFIXES[kind]
