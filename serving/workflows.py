"""The only module that touches DBOS: one workflow per job, in SQLite or PostgreSQL.

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
_WORKFLOW = "analyse_video"
# A video that took the whole process down this often is not tried again.
_MAX_ATTEMPTS = 10
_POLLING_S = 0.2
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
    """A job as the database knows it.

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
    """The queue's database.

    Args:
        database_url: SQLite or PostgreSQL.
        instance: whose queue it is: services that share a database do not run each other's jobs.
        workers: how many run side by side.
        run: what a workflow does, with its id and input; returns None or why it failed.
    """

    def __init__(
        self,
        database_url: str,
        instance: str,
        workers: int,
        run: Callable[[str, JobInput], str | None],
    ) -> None:
        self._queue = f"analyses-{instance}"
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

        def workflow(job_id: str, media: str, source: str, created_s: float) -> str | None:
            return run(job_id, JobInput(media, source, created_s))

        decorate = DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_MAX_ATTEMPTS)
        self._workflow: Any = decorate(workflow)
        DBOS.launch()
        DBOS.register_queue(
            self._queue,
            worker_concurrency=workers,
            polling_interval_sec=_POLLING_S,
            on_conflict="always_update",
        )

    def close(self) -> None:
        """Run nothing any more."""
        DBOS.destroy(destroy_registry=True)

    def add(self, job_id: str, given: JobInput) -> None:
        """Put a job into the queue; when this returns, it survives the process."""
        with SetWorkflowID(job_id):
            DBOS.enqueue_workflow(
                self._queue, self._workflow, job_id, given.media, given.source, given.created_s
            )

    def get(self, job_id: str) -> Workflow | None:
        """One job, if there is one of that id."""
        found = self._list(workflow_ids=[job_id])
        return _read(found[0]) if found else None

    def all(self) -> list[Workflow]:
        """Every job, in no particular order."""
        return [_read(workflow) for workflow in self._list()]

    def ids(self) -> set[str]:
        """The ids of every job."""
        found = self._list(load_input=False, load_output=False)
        return {workflow.workflow_id for workflow in found}

    def count_waiting(self) -> int:
        """How many have not begun."""
        waiting = ["ENQUEUED", "DELAYED"]
        return len(self._list(status=waiting, load_input=False, load_output=False))

    def remove(self, job_id: str) -> None:
        """Forget a job; one that waits will not be run."""
        DBOS.delete_workflow(job_id)

    def wait_while_running(self, job_id: str, timeout_s: float) -> None:
        """Until a job that runs has ended; not at all for one that waits."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.get(job_id)
            if found is None or found.state != "running":
                return
            time.sleep(_ENDING_POLLING_S)

    def _list(self, **conditions: Any) -> "list[WorkflowStatus]":
        return DBOS.list_workflows(queue_name=self._queue, **conditions)


def _without_deleted_jobs(record: logging.LogRecord) -> bool:
    """Whether to log what DBOS says: not that a deleted job has nowhere to put its outcome.

    It happens to a job that is deleted in the moment in which it would have begun.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, DBOSNonExistentWorkflowError) and (
        "outcome was not recorded" not in record.getMessage()
    )


def _read(workflow: "WorkflowStatus") -> Workflow:
    given = workflow.input
    arguments = given["args"][1:] if given else ("", "", 0.0)
    return Workflow(
        id=workflow.workflow_id,
        state=_STATES.get(workflow.status, "broken"),
        given=JobInput(*arguments),
        outcome=workflow.output,
    )
