"""The durable queue of jobs: takes, runs, lists and deletes them.

The queue lives in a database, a job's files in the data folder. A process that is killed leaves its
running job pending; the next one takes it up again behind its last finished chunk, and the result
is the same, bit for bit. A job is done when its timeline is there; the overlay video and the
pictures follow on their own, and are begun anew when they were interrupted.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.errors import BusyError, ConflictError, NotFoundError, NotReadyError
from serving.exports.files import ANGLES_FILE
from serving.jobs.analysis import Progress, RunningJob, analyse_job, read_progress
from serving.jobs.data_dir import DataDir, new_id
from serving.jobs.job import Job, JobState, OverlayState
from serving.jobs.overlay import render_job
from serving.jobs.states import job_of
from serving.jobs.workflows import JobInput, Workflow, WorkflowKind, Workflows
from serving.model.engine import Engine
from serving.settings import Settings

_LOG = logging.getLogger(__name__)

_RETRY_AFTER_S = 30
# A running analysis looks at its cancel flag with every frame; this is for very slow ones.
_CANCEL_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 10.0
# What is being made is asked for again after this.
_ASK_AGAIN_S = 2
# Drawing takes both cores of a small machine already; a second one would only slow the first down.
_OVERLAY_WORKERS = 1
_KINDS: tuple[WorkflowKind, ...] = ("analysis", "overlay")


class JobQueue:
    """The service's jobs. Blocking: call it off the event loop.

    Args:
        settings: how many at a time, and where the queue is kept.
        data_dir: where the files are.
        engine: the model.
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
        self._opened: Workflows | None = None
        self._problem = "The queue has not been started."

    @property
    def problem(self) -> str | None:
        """Why the queue does not run; None when it does."""
        return None if self._opened is not None else self._problem

    def start(self) -> None:
        """Open the queue and take up what an earlier process left."""
        serving = self._settings.serving
        url = serving.database_url or f"sqlite:///{self._data_dir.root / 'queue.sqlite'}"
        try:
            workflows = Workflows(
                url,
                self._data_dir.instance,
                workers={"analysis": serving.analysis_workers, "overlay": _OVERLAY_WORKERS},
                run={"analysis": self._analyse, "overlay": self._render},
            )
            self._sweep(workflows)
        except Exception as error:
            # The database's driver, SQLAlchemy and DBOS have no common base for their errors. The
            # process stays up to say what is wrong.
            _LOG.exception("the queue cannot be opened")
            self._problem = (
                f"The queue's database cannot be used ({type(error).__name__}). Check "
                "`serving.database_url` in params.yaml and the service's log, then restart."
            )
        else:
            self._opened = workflows

    def stop(self) -> None:
        """Stop running work where it is; the next process takes it up again."""
        self._stopping.set()
        with self._lock:
            running = list(self._running.values())
        for job in running:
            job.finished.wait(_STOP_TIMEOUT_S)
        if self._opened is not None:
            self._opened.close()
        self._opened, self._problem = None, "The service is being stopped."

    @contextmanager
    def room_for_one(self) -> Iterator[None]:
        """A place in the queue while a video is being uploaded and handed in.

        Raises:
            BusyError: the queue is full.
            NotReadyError: the queue does not run.
        """
        limit = self._settings.serving.max_queued_jobs
        with self._lock:
            waiting = self._workflows.count_waiting() + self._uploading
            if waiting >= limit:
                raise BusyError(
                    f"{waiting} videos are waiting or being uploaded, which is as many as this "
                    "service takes. Try again when some are done.",
                    _RETRY_AFTER_S,
                )
            self._uploading += 1
        try:
            yield
        finally:
            with self._lock:
                self._uploading -= 1

    def submit(self, folder: Path, media: str, source: str) -> Job:
        """Make a job of a received video.

        Args:
            folder: in which it was received; becomes the job's folder.
            media: name of the file in that folder.
            source: the name its owner gave it.
        """
        workflows, job_id = self._workflows, new_id()
        folder.rename(self._data_dir.jobs / job_id)
        try:
            workflows.add("analysis", job_id, JobInput(media, source, time.time()))
        except BaseException:
            self._data_dir.remove_job(job_id)
            raise
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            NotFoundError: there is none of that id.
        """
        workflows = self._workflows
        if self._data_dir.job(job_id) is not None and job_id not in self._deleted:
            analysis = workflows.get("analysis", job_id)
            if analysis is not None:
                return self._job(analysis, workflows.get("overlay", job_id))
        raise NotFoundError(f"There is no video {job_id[:80]!r}. It may have been deleted.")

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        analyses = self._workflows.all("analysis")
        overlays = {overlay.id: overlay for overlay in self._workflows.all("overlay")}
        present = self._data_dir.job_ids() - self._deleted
        jobs = [self._job(a, overlays.get(a.id)) for a in analyses if a.id in present]
        return sorted(jobs, key=lambda job: job.created_at, reverse=True)

    def finished_folder(self, job_id: str) -> Path:
        """The folder with a finished job's exports.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it is not finished, or has failed.
        """
        job = self.get(job_id)
        if job.state == JobState.FAILED:
            raise ConflictError(f"The analysis failed, so there is no timeline. {job.problem}")
        if job.state != JobState.DONE:
            raise ConflictError(
                f"The analysis is not finished: it is {job.state}, {job.frames_done} frames are "
                "done. Ask again when its status is done.",
                _ASK_AGAIN_S,
            )
        return self._data_dir.jobs / job_id

    def drawn_folder(self, job_id: str) -> Path:
        """The folder with a job's overlay video and pictures.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: they are not there yet, or will never be.
        """
        folder = self.finished_folder(job_id)
        overlay = self.get(job_id).overlay
        if overlay is not None and overlay.state == OverlayState.FAILED:
            raise ConflictError(f"The overlay could not be made. {overlay.problem}")
        if overlay is None or overlay.state != OverlayState.READY:
            done = 0 if overlay is None else overlay.frames_done
            raise ConflictError(
                f"The overlay is being made: {done} frames are drawn. Ask again in a moment.",
                _ASK_AGAIN_S,
            )
        return folder

    def media_path(self, job: Job) -> Path:
        """The uploaded video."""
        return self._data_dir.jobs / job.id / job.media

    def delete(self, job_id: str) -> None:
        """Remove a job, whatever its state; a running analysis is stopped first.

        Raises:
            NotFoundError: there is no such job.
        """
        workflows = self._workflows
        self.get(job_id)
        with self._lock:
            self._deleted.add(job_id)
            for kind in _KINDS:
                running = self._running.get((kind, job_id))
                if running is not None:
                    running.cancelled.set()
        # The folder goes first: a process killed after this line sweeps up the rest at its start.
        self._data_dir.remove_job(job_id)
        for kind in _KINDS:  # in this order: the end of an analysis begins an overlay
            workflows.wait_while_running(kind, job_id, _CANCEL_TIMEOUT_S)
            workflows.remove(kind, job_id)
        with self._lock:
            self._deleted.discard(job_id)

    @property
    def _workflows(self) -> Workflows:
        if self._opened is None:
            raise NotReadyError(self._problem)
        return self._opened

    def _analyse(self, job_id: str, given: JobInput) -> str | None:
        """What the workflow of an analysis does, in a thread of its own."""

        def work(job: RunningJob, folder: Path) -> str | None:
            media, source, settings = given.media, given.source, self._settings
            return analyse_job(job, folder, media, source, self._engine, settings)

        return self._run("analysis", job_id, work)

    def _render(self, job_id: str, given: JobInput) -> str | None:
        """What the workflow of an overlay does, in a thread of its own."""

        def work(job: RunningJob, folder: Path) -> str | None:
            return render_job(job, folder, given.media, given.source, self._settings)

        return self._run("overlay", job_id, work)

    def _run(
        self, kind: WorkflowKind, job_id: str, work: Callable[[RunningJob, Path], str | None]
    ) -> str | None:
        with self._lock:
            job = self._running[kind, job_id] = RunningJob(self._stopping)
            if job_id in self._deleted:
                job.cancelled.set()
        try:
            return work(job, self._data_dir.jobs / job_id)
        finally:
            if job.cancelled.is_set():
                self._data_dir.remove_job(job_id)
            with self._lock:
                self._running.pop((kind, job_id), None)
            job.finished.set()

    def _sweep(self, workflows: Workflows) -> None:
        """Put right what a killed process left: files without a job, jobs without files."""
        present = self._data_dir.job_ids()
        for job_id in present - workflows.ids("analysis"):
            self._data_dir.remove_job(job_id)
        for kind in _KINDS:
            for job_id in workflows.ids(kind) - present:
                workflows.remove(kind, job_id)
        # Analyses of a version that drew no overlays yet.
        drawn = workflows.ids("overlay")
        for analysis in workflows.all("analysis"):
            done = analysis.state == "ended" and analysis.outcome is None
            if done and analysis.id in present - drawn:
                workflows.add("overlay", analysis.id, analysis.given)

    def _job(self, analysis: Workflow, overlay: Workflow | None) -> Job:
        folder = self._data_dir.jobs / analysis.id
        analysing = self._running.get(("analysis", analysis.id))
        drawing = self._running.get(("overlay", analysis.id))
        return job_of(
            analysis,
            overlay,
            analysed=analysing.progress if analysing else read_progress(folder),
            drawn=drawing.progress if drawing else Progress(),
            has_angles=(folder / ANGLES_FILE).is_file(),
        )
