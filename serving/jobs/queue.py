"""The durable job queue: accepts, runs, lists and deletes jobs.

The queue lives in a database, the files of a job in the data folder. When the process is killed,
its running job stays pending; the next process resumes it after its last finished chunk, with a
bit-identical result. A job is done when its timeline is there. The overlay video and images follow
as separate work, which starts over if it is interrupted. Each folder's record says what job it is,
so that the database can be lost.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.analyst import Analyst
from serving.errors import BusyError, ConflictError, DiskFullError, NotFoundError, NotReadyError
from serving.jobs.analysis import analyze_job, read_progress
from serving.jobs.job import Job, JobState, OverlayState
from serving.jobs.opening import open_workflows
from serving.jobs.overlay import draw_job
from serving.jobs.recorded import run_recorded
from serving.jobs.running_job import JobProgress, RunningJob
from serving.jobs.states import job_of
from serving.jobs.workflows import KINDS, JobInput, Workflow, WorkflowKind, Workflows
from serving.model.engine import Engine
from serving.overlay.drawer import NICENESS, Drawer
from serving.settings import Settings
from serving.storage.data_dir import DataDir, new_id
from serving.storage.job_record import (
    JobRecord,
    change_record,
    is_settled,
    read_record,
    remove_drawn,
    write_record,
)
from shared_features.runtime.worker_pool import WorkerPool

_LOG = logging.getLogger(__name__)

_RETRY_AFTER_S = 30
# A running analysis checks for cancellation at every frame; this covers very slow frames.
_CANCEL_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 10.0
# When to ask again for a result that is on its way.
_RETRY_RESULT_AFTER_S = 2
# Drawing already uses both cores of a small machine; a second one would only slow down the first.
_OVERLAY_WORKERS = 1
# How long the start waits for a database that does not answer; later, the service only says so.
_OPEN_TIMEOUT_S = 5.0
_REOPEN_INTERVAL_S = 2.0
_CHECK_INTERVAL_S = 0.5
_ORPHANS_INTERVAL_S = 5.0


class JobQueue:
    """The service's jobs. Its methods block: call them off the event loop.

    Args:
        settings: Number of parallel jobs, limits, and location of the database.
        data_dir: Folder for the jobs' files.
        engine: Source of the model.
    """

    def __init__(self, settings: Settings, data_dir: DataDir, engine: Engine) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._engine = engine
        self._lock = threading.Lock()
        self._uploading = 0
        self._running: dict[tuple[WorkflowKind, str], RunningJob] = {}
        self._deleted: set[str] = set()
        self._stopping = threading.Event()
        self._pools: dict[WorkflowKind, WorkerPool] = {
            "analysis": WorkerPool(Analyst),
            "overlay": WorkerPool(Drawer, niceness=NICENESS, reuse=False),
        }
        self._opened: Workflows | None = None
        self._problem: str | None = "The queue is being opened."
        self._tried = threading.Event()
        self._orphans: set[tuple[WorkflowKind, str]] = set()
        self._upkeep = threading.Thread(target=self._look_after, name="queue-upkeep", daemon=True)

    @property
    def problem(self) -> str | None:
        """Reason the queue is not running; None when it is."""
        return self._problem

    def start(self) -> None:
        """Open the queue and resume the jobs of an earlier process.

        If that is not possible now, it is tried again until it is.
        """
        self._upkeep.start()
        self._tried.wait(_OPEN_TIMEOUT_S)

    def stop(self) -> None:
        """Interrupt running work; the next process resumes it."""
        self._stopping.set()
        with self._lock:
            running = list(self._running.values())
        for job in running:
            job.finished.wait(_STOP_TIMEOUT_S)
        for pool in self._pools.values():
            pool.close()
        if self._upkeep.ident is not None:
            self._upkeep.join(_STOP_TIMEOUT_S)
        if self._opened is not None:
            # A database that does not answer must not keep the process from ending.
            closing = threading.Thread(target=self._opened.close, name="queue-close", daemon=True)
            closing.start()
            closing.join(_STOP_TIMEOUT_S)
        self._opened, self._problem = None, "The service is shutting down."

    def require_slot(self) -> None:
        """Refuse a video before any of it is sent; reserves nothing.

        Raises:
            BusyError: The queue is full.
            NotReadyError: The queue is not running.
        """
        waiting = self._workflows.count_waiting() + self._uploading
        if waiting >= self._settings.serving.max_queued_jobs:
            raise BusyError(
                f"The queue is full: {waiting} videos are waiting or being uploaded. Try again "
                "when some of them are done.",
                _RETRY_AFTER_S,
            )

    @contextmanager
    def reserve_slot(self) -> Iterator[None]:
        """Reserve a slot in the queue while a video is uploaded and submitted.

        Raises:
            BusyError: The queue is full.
            NotReadyError: The queue is not running.
        """
        with self._lock:
            self.require_slot()
            self._uploading += 1
        try:
            yield
        finally:
            with self._lock:
                self._uploading -= 1

    def submit(self, folder: Path, media: str, source: str, owner: str = "") -> Job:
        """Turn a received video into a job.

        Args:
            folder: Folder it was received in; becomes the job's folder.
            media: Name of the file in that folder.
            source: Name the owner gave the video.
            owner: Name of the client that sent it; empty on a service without tokens.
        """
        workflows, job_id = self._workflows, new_id()
        given = JobInput(media, source, time.time(), owner)
        # The folder has its record before it is a job's, so that it is never without.
        write_record(folder, JobRecord(job_id, media, source, given.created_s, owner=owner))
        folder.rename(self._data_dir.jobs / job_id)
        try:
            workflows.add("analysis", job_id, given)
        except BaseException:
            self._data_dir.remove_job(job_id)
            raise
        return self.get(job_id)

    def get(self, job_id: str, owner: str | None = None) -> Job:
        """One job, by one query.

        Args:
            job_id: ID of the job.
            owner: Name of the client whose job it has to be; None: anyone's.

        Raises:
            NotFoundError: No job has this ID, or it belongs to someone else.
        """
        workflows = self._workflows
        if self._data_dir.job(job_id) is not None and job_id not in self._deleted:
            found = workflows.of_job(job_id)
            if "analysis" in found and owner in (None, found["analysis"].given.owner):
                return self._job(found["analysis"], found.get("overlay"))
        raise NotFoundError(f"There is no video {job_id[:80]!r}. It may have been deleted.")

    def get_analyzed(self, job_id: str, owner: str | None = None) -> Job:
        """A job whose exports are in its folder.

        Raises:
            NotFoundError: No job has this ID, or it belongs to someone else.
            ConflictError: Its analysis has not finished, or has failed.
        """
        job = self.get(job_id, owner)
        if job.state == JobState.FAILED:
            raise ConflictError(f"The analysis failed, so there is no timeline. {job.problem}")
        if job.state != JobState.DONE:
            raise ConflictError(
                f"The analysis has not finished: it is {job.state}, with {job.frames_done} frames "
                "done. Ask again when its status is done.",
                _RETRY_RESULT_AFTER_S,
            )
        return job

    def get_drawn(self, job_id: str, owner: str | None = None) -> Job:
        """A job whose overlay video and images are in its folder.

        Raises:
            NotFoundError: No job has this ID, or it belongs to someone else.
            ConflictError: The overlay is not ready yet, or has failed.
        """
        job = self.get_analyzed(job_id, owner)
        overlay = job.overlay
        if overlay is not None and overlay.state == OverlayState.FAILED:
            raise ConflictError(f"The overlay could not be drawn. {overlay.problem}")
        if overlay is None or overlay.state != OverlayState.READY:
            done = 0 if overlay is None else overlay.frames_done
            raise ConflictError(
                f"The overlay is not ready: {done} frames are drawn. Ask again in a moment.",
                _RETRY_RESULT_AFTER_S,
            )
        return job

    def redraw(self, job_id: str, owner: str | None = None) -> Job:
        """Draw a finished job's overlay video and images again.

        Raises:
            NotFoundError: No job has this ID.
            ConflictError: Its analysis has not finished, or has failed, or the overlay is being
                drawn or waiting for that.
        """
        workflows, job = self._workflows, self.get_analyzed(job_id, owner)
        with self._lock:
            overlay = workflows.of_job(job_id).get("overlay")
            if overlay is None or overlay.state in ("waiting", "running"):
                raise ConflictError(
                    "The overlay is waiting to be drawn or being drawn already.",
                    _RETRY_RESULT_AFTER_S,
                )
            change_record(job.folder, lambda record: record.reopened("overlay"))
            remove_drawn(job.folder)
            workflows.remove("overlay", job_id)
            workflows.add("overlay", job_id, overlay.given)
        return self.get(job_id)

    def all(self, owner: str | None = None) -> list[Job]:
        """Every job, or every job of one client, newest first."""
        found = self._workflows.all()
        present = self._data_dir.job_ids() - self._deleted
        jobs = [
            self._job(workflows["analysis"], workflows.get("overlay"))
            for workflows in found
            if "analysis" in workflows
            and workflows["analysis"].job_id in present
            and owner in (None, workflows["analysis"].given.owner)
        ]
        return sorted(jobs, key=lambda job: job.created_at, reverse=True)

    def delete(self, job_id: str, owner: str | None = None) -> None:
        """Delete a job in any state; running work is stopped first.

        Raises:
            NotFoundError: No job has this ID.
        """
        workflows = self._workflows
        self.get(job_id, owner)
        with self._lock:
            self._deleted.add(job_id)
            for kind in KINDS:
                running = self._running.get((kind, job_id))
                if running is not None:
                    running.cancelled.set()
        # The folder goes first: if the process is killed after this line, the next one sweeps up
        # the rest.
        self._data_dir.remove_job(job_id)
        for kind in KINDS:  # in this order: the end of an analysis starts an overlay
            workflows.wait_while_running(kind, job_id, _CANCEL_TIMEOUT_S)
            workflows.remove(kind, job_id)
        with self._lock:
            self._deleted.discard(job_id)

    @property
    def _workflows(self) -> Workflows:
        if self._opened is None or self._problem:
            raise NotReadyError(self._problem or "The queue is being opened.")
        return self._opened

    def _look_after(self) -> None:
        """Open the queue, then watch over it, until the service stops."""
        checked_s = time.monotonic()
        while not self._stopping.is_set():
            if self._opened is None:
                self._open()
                self._tried.set()
            else:
                silent = self._opened.check()
                if silent != self._problem:
                    _LOG.warning("%s", silent or "The queue's database answers again.")
                    self._problem = silent
                if silent is None and time.monotonic() - checked_s > _ORPHANS_INTERVAL_S:
                    self._adopt_orphans(self._opened)
                    checked_s = time.monotonic()
            self._stopping.wait(_CHECK_INTERVAL_S if self._opened else _REOPEN_INTERVAL_S)

    def _open(self) -> None:
        try:
            workflows = open_workflows(
                self._settings,
                self._data_dir,
                workers={
                    "analysis": self._settings.serving.analysis_workers,
                    "overlay": _OVERLAY_WORKERS,
                },
                run={"analysis": self._analyze, "overlay": self._draw},
            )
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
            self._pools["analysis"].prepare()

    def _adopt_orphans(self, workflows: Workflows) -> None:
        """Enqueue again what is running according to the database, but is not.

        So it is if the outcome of some work could not be stored: the disk was full, or the database
        away. Two checks in a row must find it, because starting takes a moment.
        """
        try:
            with self._lock:
                orphans = set(workflows.running()) - self._running.keys()
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

    def _analyze(self, job_id: str, given: JobInput) -> str | None:
        """Run the workflow of an analysis, on a thread of its own."""

        def work(job: RunningJob, folder: Path) -> str | None:
            media, source, settings = given.media, given.source, self._settings
            pool = self._pools["analysis"]
            return analyze_job(job, folder, media, source, self._engine, pool, settings)

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
        try:
            return run_recorded(job, kind, folder, self._data_dir.space, work)
        finally:
            if job.cancelled.is_set():
                self._data_dir.remove_job(job_id)
            with self._lock:
                self._running.pop((kind, job_id), None)
            job.finished.set()

    def _job(self, analysis: Workflow, overlay: Workflow | None) -> Job:
        folder = self._data_dir.jobs / analysis.job_id
        analyzing = self._running.get(("analysis", analysis.job_id))
        drawing = self._running.get(("overlay", analysis.job_id))
        return job_of(
            folder,
            analysis,
            overlay,
            analyzed=analyzing.progress if analyzing else read_progress(folder),
            drawn=drawing.progress if drawing else JobProgress(),
        )
