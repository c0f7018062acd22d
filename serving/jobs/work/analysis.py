"""The analysis of a queued video: from its uploaded file to the exports in its folder."""

import contextlib
import json
import logging
import os
import time
from dataclasses import asdict
from pathlib import Path

from serving.errors import NotReadyError, client_message
from serving.jobs.work.running_job import DELETED, CancelledError, JobProgress, RunningJob
from serving.jobs.work.worker import JobFailedError, run_in_worker
from serving.model.engine import Engine
from serving.settings import Settings
from serving.storage.disk_space import is_disk_full
from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import StrapsError
from shared_features.runtime.worker_pool import WorkerPool

_LOG = logging.getLogger(__name__)
_PROGRESS = "progress.json"
# How often progress is stored and shown.
_SAVE_INTERVAL_S = 0.1
_MODEL_POLL_INTERVAL_S = 0.5


def analyze_job(
    job: RunningJob,
    folder: Path,
    media: str,
    source: str,
    slow_motion: float | None,
    engine: Engine,
    pool: WorkerPool,
    settings: Settings,
) -> str | None:
    """Analyse a job's video and write its exports into the job's folder.

    All predictions come from the model that is being served when the analysis starts, even if
    another one replaces it meanwhile. A resumed job starts over with the model served at that
    moment; only landmarks, which do not depend on the classifier, are reused.

    An unreadable video is an outcome, not an error. So is a fault in the service itself: it is
    logged, and a retry would end the same way. Only if the worker process dies is it tried again,
    after its last finished chunk.

    Args:
        job: Progress, and the ways to interrupt it.
        folder: Folder of the job.
        media: Name of the uploaded file in that folder.
        source: Name its owner gave it.
        slow_motion: How many times slower than real it plays; None if only the file may know.
        engine: Source of the model.
        pool: Worker processes that hold an ``Analyst``.
        settings: Limits and pose settings.

    Returns:
        None on success, otherwise the reason for the failure.

    Raises:
        StoppedError: The process is shutting down.
        Exception: The disk is full.
    """
    video = folder / media
    try:
        _analyze(job, folder, media, source, slow_motion, engine, pool, settings)
    except CancelledError:
        return DELETED
    except JobFailedError as error:
        return (
            f"The analysis of {source} failed. {error} The video is kept. Convert it, for example "
            "with ffmpeg, and upload the result."
        )
    except StrapsError as error:
        if is_disk_full(error):
            raise
        return client_message(error, video, source)
    except Exception as error:
        if is_disk_full(error):
            raise
        if job.cancelled.is_set():
            return DELETED  # deleting the job removed the files in use
        _LOG.exception("the analysis of %s in %s ended unexpectedly", media, folder)
        return (
            f"The analysis ended unexpectedly ({type(error).__name__}). See the service's log for "
            "details. Delete the video and upload the original file again."
        )
    return None


def read_progress(folder: Path) -> JobProgress:
    """Progress as last saved; zero if none was saved or the job is being removed."""
    try:
        return JobProgress(**json.loads((folder / _PROGRESS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return JobProgress()


def _analyze(
    job: RunningJob,
    folder: Path,
    media: str,
    source: str,
    slow_motion: float | None,
    engine: Engine,
    pool: WorkerPool,
    settings: Settings,
) -> None:
    classifier = _wait_for_model(job, engine)
    saved_s = 0.0

    def update(frames: tuple[int, int | None]) -> None:
        nonlocal saved_s
        if time.monotonic() - saved_s >= _SAVE_INTERVAL_S:
            done, total = frames
            # A resumed job must not count backwards while it catches up with its earlier progress,
            # so progress is stored before it is shown.
            progress = JobProgress(max(done, job.progress.done), total)
            _save_progress(folder, progress)
            job.progress = progress
            saved_s = time.monotonic()

    serving = settings.serving
    threads = serving.analysis_threads
    work = folder, media, source, classifier, settings.shared, threads, slow_motion
    frames = run_in_worker(job, pool, serving.stall_timeout_s, update, "analyze", *work)
    job.check()
    progress = JobProgress(frames, job.progress.total)
    _save_progress(folder, progress)
    job.progress = progress
    job.check()


def _wait_for_model(job: RunningJob, engine: Engine) -> PoseClassifier:
    """Wait for a model: a job left by an earlier process must not fail because it is missing."""
    while True:
        job.check()
        try:
            return engine.classifier()
        except NotReadyError:
            time.sleep(_MODEL_POLL_INTERVAL_S)


def _save_progress(folder: Path, progress: JobProgress) -> None:
    temporary = folder / f".{_PROGRESS}"
    with contextlib.suppress(OSError):  # the analysis does not depend on it
        temporary.write_text(json.dumps(asdict(progress)), encoding="utf-8")
        os.replace(temporary, folder / _PROGRESS)
