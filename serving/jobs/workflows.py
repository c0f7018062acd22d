"""The only module that touches DBOS: durable workflows, in SQLite or PostgreSQL.

A job is an analysis and, once that has ended well, an overlay, each in a queue of its own: a video
that is being drawn does not keep the next one from being analysed. The end of an analysis and the
beginning of its overlay are one step: neither is there without the other, whenever the process is
killed.

A workflow that a killed process was running stays pending; the next process runs it again from its
start. What makes that cheap and exact is the job's own folder of finished chunks.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._error import DBOSNonExistentWorkflowError

if TYPE_CHECKING:
    from dbos import WorkflowStatus

WorkflowKind = Literal["analysis", "overlay"]
WorkflowState = Literal["waiting", "running", "ended", "broken"]

_STATES: dict[str, WorkflowState] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "SUCCESS": "ended",
}
# Fixed, so that a job begun by an older build is finished by a newer one. Raise it only when a job
# of the older build can no longer be finished.
_APPLICATION_VERSION = "1"
_NAMES: dict[WorkflowKind, str] = {"analysis": "analyse_video", "overlay": "render_overlay"}
# An analysis has its job's id, as it always had.
_ID_SUFFIXES: dict[WorkflowKind, str] = {"analysis": "", "overlay": "-overlay"}
# A video that took the whole process down this often is not tried again.
_MAX_ATTEMPTS = 10
# How often a queue is asked for work. Asking takes 4 ms of a core, which live sessions feel; a
# drawing is not waited for as an answer is.
_POLLING_S: dict[WorkflowKind, float] = {"analysis": 0.4, "overlay": 1.0}
_ENDING_POLLING_S = 0.02


@dataclass(frozen=True)
class JobInput:
    """What a workflow is given: kept in the database for as long as the job is.

    Attributes:
        media: name of the uploaded file in the job's folder.
        source: the name its owner gave the video.
        created_s: when it was uploaded, in seconds since 1970.
    """

    media: str
    source: str
    created_s: float


@dataclass(frozen=True)
class Workflow:
    """One of a job's workflows as the database knows it.

    Attributes:
        id: of the job.
        state: ``broken`` when it took the process down too often, or raised what it should not.
        given: what it was given.
        outcome: what it returned, once it has ended.
    """

    id: str
    state: WorkflowState
    given: JobInput
    outcome: str | None


class Workflows:
    """The database of the queues.

    Args:
        database_url: SQLite or PostgreSQL.
        instance: whose queues they are: services that share a database do not run one another's
            jobs.
        workers: how many of each kind run side by side.
        run: what a workflow of each kind does, with its job's id and input; returns None or why it
            failed.
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
        logging.getLogger("dbos").addFilter(_without_deleted_jobs)

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
                polling_interval_sec=_POLLING_S[kind],
                on_conflict="always_update",
            )

    def close(self) -> None:
        """Run nothing any more."""
        DBOS.destroy(destroy_registry=True)

    def add(self, kind: WorkflowKind, job_id: str, given: JobInput) -> None:
        """Put work into its queue, once; when this returns, it survives the process."""
        with SetWorkflowID(job_id + _ID_SUFFIXES[kind]):
            DBOS.enqueue_workflow(
                self._queues[kind],
                self._workflows[kind],
                job_id,
                given.media,
                given.source,
                given.created_s,
            )

    def get(self, kind: WorkflowKind, job_id: str) -> Workflow | None:
        """One job's workflow, if it has one of that kind."""
        found = self._list(kind, workflow_ids=[job_id + _ID_SUFFIXES[kind]])
        return _read(kind, found[0]) if found else None

    def all(self, kind: WorkflowKind) -> list[Workflow]:
        """Every job's workflow of a kind, in no particular order."""
        return [_read(kind, workflow) for workflow in self._list(kind)]

    def ids(self, kind: WorkflowKind) -> set[str]:
        """The ids of every job that has a workflow of a kind."""
        found = self._list(kind, load_input=False, load_output=False)
        return {workflow.workflow_id.removesuffix(_ID_SUFFIXES[kind]) for workflow in found}

    def count_waiting(self) -> int:
        """How many analyses have not begun."""
        waiting = ["ENQUEUED", "DELAYED"]
        return len(self._list("analysis", status=waiting, load_input=False, load_output=False))

    def remove(self, kind: WorkflowKind, job_id: str) -> None:
        """Forget a workflow; one that waits will not be run."""
        DBOS.delete_workflow(job_id + _ID_SUFFIXES[kind])

    def wait_while_running(self, kind: WorkflowKind, job_id: str, timeout_s: float) -> None:
        """Until a workflow that runs has ended; not at all for one that waits."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.get(kind, job_id)
            if found is None or found.state != "running":
                return
            time.sleep(_ENDING_POLLING_S)

    def _list(self, kind: WorkflowKind, **conditions: Any) -> "list[WorkflowStatus]":
        return DBOS.list_workflows(queue_name=self._queues[kind], **conditions)


def _workflow(kind: WorkflowKind, function: Callable[..., str | None]) -> Any:
    decorate = DBOS.workflow(name=_NAMES[kind], max_recovery_attempts=_MAX_ATTEMPTS)
    return decorate(function)


def _without_deleted_jobs(record: logging.LogRecord) -> bool:
    """Whether to log what DBOS says: not that a deleted job has nowhere to put its outcome.

    It happens to a job that is deleted in the moment in which it would have begun.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, DBOSNonExistentWorkflowError) and (
        "outcome was not recorded" not in record.getMessage()
    )


def _read(kind: WorkflowKind, workflow: "WorkflowStatus") -> Workflow:
    given = workflow.input
    arguments = given["args"][1:] if given else ("", "", 0.0)
    return Workflow(
        id=workflow.workflow_id.removesuffix(_ID_SUFFIXES[kind]),
        state=_STATES.get(workflow.status, "broken"),
        given=JobInput(*arguments),
        outcome=workflow.output,
    )
