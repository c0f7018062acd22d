"""Durable workflows in SQLite or PostgreSQL, kept by DBOS.

A job has an analysis and, after that has succeeded, an overlay. Each has its own queue, so drawing
one video does not delay the analysis of the next. The end of an analysis and the start of its
overlay are one step: neither exists without the other, no matter when the process is killed.

A workflow interrupted by a kill stays pending, and the next process runs it again from the start.
The finished chunks in the job's folder make that rerun cheap and its result identical. DBOS would
give up a workflow that was started too often; it cannot tell an orderly stop from a crash, so the
job's record counts attempts instead.
"""

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from serving.jobs.database.calls import CHECK_THREAD, DatabaseCalls
from serving.jobs.database.log_filter import LogFilter
from serving.jobs.database.recovery import recover
from serving.jobs.database.replicas import Replicas
from serving.jobs.database.stored import (
    KINDS,
    NAMES,
    RUNNING,
    WAITING,
    JobInput,
    Workflow,
    WorkflowKind,
    read_workflow,
    workflow_id,
)
from serving.settings import Role

if TYPE_CHECKING:
    from dbos import WorkflowStatus

# Constant, so that a newer build finishes the jobs an older one started. Raise it only when the
# older build's jobs can no longer be finished.
_APPLICATION_VERSION = "1"
# How often each queue is polled. A poll takes 4 ms of CPU time, which live sessions notice, and
# overlays are less urgent than timelines.
_POLL_INTERVALS_S: dict[WorkflowKind, float] = {"analysis": 0.4, "overlay": 1.0}
_END_POLL_INTERVAL_S = 0.02
_CONNECT_TIMEOUT_S = 5
_IDS_PER_QUERY = 2000


class Workflows:
    """The database of the queues.

    Args:
        database_url: SQLite or PostgreSQL.
        instance: Owner of the queues: services that share a database do not run each other's jobs.
        workers: Number of workflows of each kind that run in parallel.
        run: The work of each kind, called with the job's ID and input; returns None or the reason
            for the failure. None: nothing is run.
        replica: ID and role of this service among those that share the queues; None: it is alone.
    """

    def __init__(
        self,
        database_url: str,
        instance: str,
        workers: dict[WorkflowKind, int],
        run: dict[WorkflowKind, Callable[[str, JobInput], str | None]] | None,
        replica: tuple[str, Role] | None = None,
    ) -> None:
        self._executor = instance if replica is None else replica[0]
        self._replicas: Replicas | None = None
        self.is_shared = replica is not None
        self._calls = DatabaseCalls(database_url)
        self._outcomes: dict[tuple[WorkflowKind, str], str | None] = {}
        self._queues: dict[WorkflowKind, str] = {
            "analysis": f"analyses-{instance}",
            "overlay": f"overlays-{instance}",
        }
        config: DBOSConfig = {
            "name": "straps-serve",
            "system_database_url": database_url,
            "application_version": _APPLICATION_VERSION,
            "executor_id": self._executor,
            "log_level": "WARNING",
            "enable_otlp": False,
            "db_engine_kwargs": _engine_options(database_url),
        }
        DBOS(config=config)
        # A service must not touch the queues of others in the same database: they have the files.
        DBOS.listen_queues([] if run is None else list(self._queues.values()))
        self._log_filter = LogFilter(CHECK_THREAD)
        logging.getLogger("dbos").addFilter(self._log_filter)

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
            if replica is not None:
                self._replicas = Replicas(database_url, instance, *replica)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop running workflows, and leave them to the other services, if there are any."""
        if self._replicas is not None:
            self._replicas.close()
        DBOS.destroy(destroy_registry=True)
        logging.getLogger("dbos").removeFilter(self._log_filter)
        self._calls.close()

    def check(self) -> str | None:
        """Ask the database whether it is there; returns what is wrong. For one thread only."""
        return self._calls.check()

    def beat(self) -> bool:
        """For the thread that checks: tell other services that this one is there.

        Returns:
            False if it could not for so long that they may have taken over its work.
        """
        return self._replicas is None or self._calls.in_time(self._replicas.beat, checking=True)

    def take_over(self) -> list[str]:
        """For the thread that checks: enqueue again what services that are gone were running.

        Returns:
            The IDs of those services.
        """
        replicas = self._replicas
        if replicas is None:
            return []

        def enqueue() -> list[str]:
            pending = DBOS.list_workflows(
                queue_name=list(self._queues.values()),
                status=RUNNING,
                load_input=False,
                load_output=False,
            )
            others = {found.executor_id for found in pending if found.executor_id} - {
                self._executor
            }
            gone = replicas.gone(sorted(others)) if others else []
            if gone:
                recover(gone)
            return gone

        return self._calls.in_time(enqueue, checking=True)

    def add(self, kind: WorkflowKind, job_id: str, given: JobInput) -> None:
        """Enqueue work, at most once per job and kind; on return it is stored durably."""
        self._calls.in_time(lambda: self._enqueue(kind, job_id, given))

    def add_ended(
        self, kind: WorkflowKind, job_id: str, given: JobInput, outcome: str | None
    ) -> None:
        """Store work that has ended already, with its outcome. Without a time limit."""
        self._outcomes[kind, job_id] = outcome
        try:
            with SetWorkflowID(workflow_id(kind, job_id)):
                self._workflows[kind](
                    job_id, given.media, given.source, given.created_s, given.owner
                )
        finally:
            del self._outcomes[kind, job_id]

    def again(self, kind: WorkflowKind, job_id: str) -> None:
        """For the thread that checks: enqueue a workflow again that is running by name only."""
        stored_id, queue = workflow_id(kind, job_id), self._queues[kind]
        self._calls.in_time(
            lambda: DBOS.resume_workflow(stored_id, queue_name=queue), checking=True
        )

    def _enqueue(self, kind: WorkflowKind, job_id: str, given: JobInput) -> None:
        with SetWorkflowID(workflow_id(kind, job_id)):
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
        return self.of_jobs([job_id]).get(job_id, {})

    def of_jobs(self, job_ids: Iterable[str]) -> dict[str, dict[WorkflowKind, Workflow]]:
        """The workflows of some jobs, by job and kind. Jobs have random IDs, whoever runs them."""
        stored_ids = [workflow_id(kind, job_id) for job_id in job_ids for kind in KINDS]
        jobs: dict[str, dict[WorkflowKind, Workflow]] = {}
        for start in range(0, len(stored_ids), _IDS_PER_QUERY):
            some = stored_ids[start : start + _IDS_PER_QUERY]
            found = self._calls.in_time(
                partial(DBOS.list_workflows, workflow_ids=some, name=list(NAMES.values()))
            )
            for workflow in map(read_workflow, found):
                jobs.setdefault(workflow.job_id, {})[workflow.kind] = workflow
        return jobs

    def all(self) -> list[dict[WorkflowKind, Workflow]]:
        """Every workflow that this service owns, by job and kind, in no particular order."""
        jobs: dict[str, dict[WorkflowKind, Workflow]] = {}
        for workflow in map(read_workflow, self._list()):
            jobs.setdefault(workflow.job_id, {})[workflow.kind] = workflow
        return list(jobs.values())

    def count_waiting(self) -> int:
        """Number of analyses that have not started, at whichever service."""
        waiting = partial(
            DBOS.list_workflows,
            queue_name=self._queues["analysis"],
            status=list(WAITING),
            load_input=False,
            load_output=False,
        )
        return len(self._calls.in_time(waiting))

    def running(self) -> list[tuple[WorkflowKind, str]]:
        """For the thread that checks: kinds and job IDs of what the database says is running."""
        found = self._list(True, status=RUNNING, load_input=False, load_output=False)
        return [(workflow.kind, workflow.job_id) for workflow in map(read_workflow, found)]

    def remove(self, kind: WorkflowKind, job_id: str) -> None:
        """Delete a workflow; if it is still waiting, it will not run."""
        self._log_filter.add_removed(job_id)
        self._calls.in_time(lambda: DBOS.delete_workflow(workflow_id(kind, job_id)))

    def wait_while_running(self, kind: WorkflowKind, job_id: str, timeout_s: float) -> None:
        """Block until a running workflow has ended; return at once if it is not running."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.of_job(job_id).get(kind)
            if found is None or found.state != "running":
                return
            time.sleep(_END_POLL_INTERVAL_S)

    def _list(self, checking: bool = False, **conditions: Any) -> "list[WorkflowStatus]":
        # By executor and not by queue: what was given up, or stored when it had ended, is in none.
        names = list(NAMES.values())
        return self._calls.in_time(
            lambda: DBOS.list_workflows(executor_id=self._executor, name=names, **conditions),
            checking=checking,
        )


def _workflow(kind: WorkflowKind, function: Callable[..., str | None]) -> Any:
    return DBOS.workflow(name=NAMES[kind], max_recovery_attempts=None)(function)


def _engine_options(database_url: str) -> dict[str, Any]:
    """Options of the database's driver; an address that says something else takes precedence."""
    if database_url.startswith("sqlite") or "connect_timeout" in database_url:
        return {}
    return {"connect_args": {"connect_timeout": _CONNECT_TIMEOUT_S}}
