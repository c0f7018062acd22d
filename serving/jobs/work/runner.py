"""Runs the work of jobs and knows what is running; the threads that call it are the database's."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from serving.analyst import Analyst
from serving.jobs.database.stored import KINDS, JobInput, WorkflowKind
from serving.jobs.work.analysis import analyze_job, read_progress
from serving.jobs.work.overlay import draw_job
from serving.jobs.work.recorded import run_recorded
from serving.jobs.work.running_job import JobProgress, RunningJob
from serving.model.engine import Engine
from serving.observability.metrics import Metrics
from serving.observability.traces import work_span
from serving.overlay.drawer import NICENESS, Drawer
from serving.settings import Settings
from serving.storage.data_dir import DataDir
from serving.storage.job_record import is_settled, read_record
from shared_features.runtime.worker_pool import WorkerPool

_STOP_TIMEOUT_S = 10.0


class Runner:
    """The running work of all jobs. Safe to share between threads.

    Args:
        settings: Limits, and the settings of the work.
        data_dir: Folder for the jobs' files.
        engine: Source of the model.
        stopping: Set when the process is shutting down.
        metrics: Where ended work is counted.
    """

    def __init__(
        self,
        settings: Settings,
        data_dir: DataDir,
        engine: Engine,
        stopping: threading.Event,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._settings = settings
        self._data_dir = data_dir
        self._engine = engine
        self._stopping = stopping
        self._lock = threading.Lock()
        self._running: dict[tuple[WorkflowKind, str], RunningJob] = {}
        self._deleted: set[str] = set()
        self._pools: dict[WorkflowKind, WorkerPool] = {
            "analysis": WorkerPool(Analyst),
            "overlay": WorkerPool(Drawer, niceness=NICENESS, reuse=False),
        }

    @property
    def work(self) -> dict[WorkflowKind, Callable[[str, JobInput], str | None]] | None:
        """The work of each kind; None if this service leaves all work to others."""
        if self._settings.serving.role == "web":
            return None
        return {"analysis": self._analyze, "overlay": self._draw}

    def prepare(self) -> None:
        """Start a worker process for the first analysis, so that it need not wait for one."""
        if self.work is not None:
            self._pools["analysis"].prepare()

    def stop(self) -> None:
        """Wait until the running work has been interrupted, and end the worker processes."""
        with self._lock:
            running = list(self._running.values())
        for job in running:
            job.finished.wait(_STOP_TIMEOUT_S)
        for pool in self._pools.values():
            pool.close()

    def running(self) -> set[tuple[WorkflowKind, str]]:
        """Kinds and job IDs of the work under way."""
        with self._lock:
            return set(self._running)

    def interrupt(self) -> None:
        """Give up the work under way, because another service may have taken it over."""
        with self._lock:
            for job in self._running.values():
                job.interrupted.set()

    def cancel_removed(self) -> None:
        """Cancel the work of jobs whose folder another service has removed."""
        with self._lock:
            for (_, job_id), job in self._running.items():
                if not self._data_dir.has_job(job_id):
                    job.cancelled.set()

    def progress(self, kind: WorkflowKind, job_id: str) -> JobProgress | None:
        """Progress of work under way; None if it is not."""
        job = self._running.get((kind, job_id))
        return None if job is None else job.progress

    def delete(self, job_id: str) -> None:
        """Interrupt the work of a job that is being deleted, and start no more of it."""
        with self._lock:
            self._deleted.add(job_id)
            for kind in KINDS:
                running = self._running.get((kind, job_id))
                if running is not None:
                    running.cancelled.set()

    def forget(self, job_id: str) -> None:
        """For a job that has been deleted: the database has no more work of it."""
        with self._lock:
            self._deleted.discard(job_id)

    def deleted(self) -> set[str]:
        """IDs of the jobs that are being deleted."""
        with self._lock:
            return set(self._deleted)

    def _analyze(self, job_id: str, given: JobInput) -> str | None:
        """Run the workflow of an analysis, on a thread of its own."""

        def work(job: RunningJob, folder: Path) -> str | None:
            media, source, settings = given.media, given.source, self._settings
            record, pool = read_record(folder), self._pools["analysis"]
            slow_motion = None if record is None else record.slow_motion
            return analyze_job(
                job, folder, media, source, slow_motion, self._engine, pool, settings
            )

        return self._run("analysis", job_id, work)

    def _draw(self, job_id: str, given: JobInput) -> str | None:
        """Run the workflow of an overlay, on a thread of its own."""

        def work(job: RunningJob, folder: Path) -> str | None:
            pool = self._pools["overlay"]
            return draw_job(job, folder, given.media, given.source, pool, self._settings)

        return self._run("overlay", job_id, work)

    def _run(
        self, kind: WorkflowKind, job_id: str, work: Callable[[RunningJob, Path], str | None]
    ) -> str | None:
        folder = self._data_dir.jobs / job_id
        self._data_dir.fetch(job_id)
        record = read_record(folder)
        if record is not None and is_settled(folder, record, kind):
            return record.outcomes[kind]  # it had ended, but the database did not learn it
        job = RunningJob(self._stopping)
        if kind == "analysis":
            job.progress = read_progress(folder)
        with self._lock:
            self._running[kind, job_id] = job
            if job_id in self._deleted:
                job.cancelled.set()
        began_s = time.monotonic()
        try:
            with work_span(kind, job_id), self._data_dir.working(job_id, job.check):
                outcome = run_recorded(job, kind, folder, self._data_dir.space, work)
            self._count(job, kind, outcome, time.monotonic() - began_s)
            return outcome
        finally:
            if job.cancelled.is_set():
                self._data_dir.remove_job(job_id)
            with self._lock:
                self._running.pop((kind, job_id), None)
            job.finished.set()

    def _count(
        self, job: RunningJob, kind: WorkflowKind, outcome: str | None, took_s: float
    ) -> None:
        result = "succeeded" if outcome is None else "failed"
        if job.cancelled.is_set():
            result = "deleted"
        self._metrics.jobs.labels(kind, result).inc()
        self._metrics.job_seconds.labels(kind).observe(took_s)
        if kind == "analysis" and outcome is None:
            self._metrics.frames.inc(job.progress.done)
