"""The durable job queue: accepts, runs, lists and deletes jobs.

The queue lives in a database, the files of a job in the data folder. When the process is killed,
its running job stays pending; the next process resumes it after its last finished chunk, with a
bit-identical result. A job is done when its timeline is there. The overlay video and images follow
as separate work, which starts over if it is interrupted. Each folder's record says what job it is,
so that the database can be lost.
"""

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.errors import BusyError, ConflictError, NotFoundError
from serving.jobs.database.opening import open_workflows
from serving.jobs.database.stored import KINDS, JobInput, Workflow
from serving.jobs.database.workflows import Workflows
from serving.jobs.job import Job, JobState, OverlayState
from serving.jobs.retention import Retention
from serving.jobs.states import job_of
from serving.jobs.upkeep import Upkeep
from serving.jobs.work.analysis import read_progress
from serving.jobs.work.runner import Runner
from serving.jobs.work.running_job import JobProgress
from serving.model.engine import Engine
from serving.observability.metrics import Metrics
from serving.settings import Settings
from serving.storage.data_dir import DataDir, new_id
from serving.storage.job_record import JobRecord, change_record, remove_drawn, write_record

_LOG = logging.getLogger(__name__)
_RETRY_AFTER_S = 30
# A running analysis checks for cancellation at every frame; this covers very slow frames.
_CANCEL_TIMEOUT_S = 10.0
# When to ask again for a result that is on its way.
_RETRY_RESULT_AFTER_S = 2
# Drawing already uses both cores of a small machine; a second one would only slow down the first.
_OVERLAY_WORKERS = 1


class JobQueue:
    """The service's jobs. Its methods block: call them off the event loop.

    Args:
        settings: Number of parallel jobs, limits, and location of the database.
        data_dir: Folder for the jobs' files.
        engine: Source of the model.
        metrics: Where ended work is counted.
    """

    def __init__(
        self, settings: Settings, data_dir: DataDir, engine: Engine, metrics: Metrics | None = None
    ) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._metrics = metrics or Metrics()
        self._lock = threading.Lock()
        self._uploading = 0
        self._stopping = threading.Event()
        self._runner = Runner(settings, data_dir, engine, self._stopping, self._metrics)
        self._upkeep = Upkeep(self._open, self._runner, self._retain, self._stopping)
        serving = settings.serving
        self._retention = Retention(serving.keep_days, serving.max_data_bytes, data_dir)

    @property
    def problem(self) -> str | None:
        """Reason the queue is not running; None when it is."""
        return self._upkeep.problem

    def start(self) -> None:
        """Open the queue and resume the jobs of an earlier process.

        If that is not possible now, it is tried again until it is.
        """
        self._upkeep.start()

    def stop(self) -> None:
        """Interrupt running work; the next process resumes it."""
        self._stopping.set()
        self._runner.stop()
        self._upkeep.stop()

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

    def submit(
        self,
        folder: Path,
        media: str,
        source: str,
        owner: str = "",
        slow_motion: float | None = None,
    ) -> Job:
        """Turn a received video into a job.

        Args:
            folder: Folder it was received in; becomes the job's folder.
            media: Name of the file in that folder.
            source: Name the owner gave the video.
            owner: Name of the client that sent it; empty on a service without tokens.
            slow_motion: How many times slower than real it plays; None: as the file says.
        """
        workflows, job_id = self._workflows, new_id()
        given = JobInput(media, source, time.time(), owner)
        # The folder has its record before it is a job's, so that it is never without.
        record = JobRecord(
            job_id, media, source, given.created_s, owner=owner, slow_motion=slow_motion
        )
        write_record(folder, record)
        folder.rename(self._data_dir.jobs / job_id)
        self._data_dir.send(job_id)
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
        if self._data_dir.job(job_id) is not None and job_id not in self._runner.deleted():
            found = workflows.of_job(job_id)
            if "analysis" in found and owner in (None, found["analysis"].given.owner):
                self._data_dir.note_watched(job_id)
                self._data_dir.fetch(job_id)
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
        present = self._data_dir.job_ids() - self._runner.deleted()
        found = self._workflows.of_jobs(present)
        jobs = [
            self._job(workflows["analysis"], workflows.get("overlay"))
            for workflows in found.values()
            if "analysis" in workflows and owner in (None, workflows["analysis"].given.owner)
        ]
        return sorted(jobs, key=lambda job: job.created_at, reverse=True)

    def counts(self) -> dict[str, int]:
        """Number of jobs in each state."""
        counts = Counter({state.value: 0 for state in JobState})
        counts.update(job.state.value for job in self.all())
        return dict(counts)

    def delete(self, job_id: str, owner: str | None = None) -> None:
        """Delete a job in any state; running work is stopped first.

        Raises:
            NotFoundError: No job has this ID.
        """
        workflows = self._workflows
        self.get(job_id, owner)
        self._runner.delete(job_id)
        # The folder goes first: if the process is killed after this line, the next one sweeps up
        # the rest.
        self._data_dir.remove_job(job_id)
        for kind in KINDS:  # in this order: the end of an analysis starts an overlay
            workflows.wait_while_running(kind, job_id, _CANCEL_TIMEOUT_S)
            workflows.remove(kind, job_id)
        self._runner.forget(job_id)

    def _retain(self) -> None:
        """Remove the videos that are too old or too many."""
        self._data_dir.tidy_copies()
        if not self._retention.is_limited:
            return
        for job_id in self._retention.expired(self.all()):
            _LOG.info("video %s is removed: serving.keep_days or serving.max_data_gb", job_id)
            with contextlib.suppress(NotFoundError):  # deleted meanwhile
                self.delete(job_id)
                self._metrics.removed_jobs.inc()

    @property
    def _workflows(self) -> Workflows:
        return self._upkeep.workflows

    def _open(self) -> Workflows:
        return open_workflows(
            self._settings,
            self._data_dir,
            workers={
                "analysis": self._settings.serving.analysis_workers,
                "overlay": _OVERLAY_WORKERS,
            },
            run=self._runner.work,
        )

    def _job(self, analysis: Workflow, overlay: Workflow | None) -> Job:
        folder = self._data_dir.jobs / analysis.job_id
        return job_of(
            folder,
            analysis,
            overlay,
            analyzed=self._runner.progress("analysis", analysis.job_id) or read_progress(folder),
            drawn=self._runner.progress("overlay", analysis.job_id) or JobProgress(),
        )
