"""The overlay of a queued video, drawn in a worker process of lower priority."""

import logging
from pathlib import Path

from serving.errors import client_message
from serving.jobs.work.running_job import DELETED, CancelledError, JobProgress, RunningJob
from serving.jobs.work.worker import JobFailedError, run_in_worker
from serving.settings import Settings
from serving.storage.disk_space import is_disk_full
from serving.storage.job_record import is_drawn
from shared_features.errors import StrapsError
from shared_features.runtime.worker_pool import WorkerPool

_LOG = logging.getLogger(__name__)


def draw_job(
    job: RunningJob, folder: Path, media: str, source: str, pool: WorkerPool, settings: Settings
) -> str | None:
    """Draw a job's overlay video, hold photos and summary image into the job's folder.

    Args:
        job: Progress, and the ways to interrupt it.
        folder: Folder of the job.
        media: Name of the uploaded file in that folder.
        source: Name its owner gave it.
        pool: Worker processes that hold a ``Drawer``.
        settings: Limits, and what is drawn.

    Returns:
        None on success, otherwise the reason for the failure.

    Raises:
        StoppedError: The process is shutting down.
        Exception: The disk is full.
    """
    if is_drawn(folder):
        return None  # killed after writing the last file but before recording the outcome
    serving = settings.serving

    def update(frames_done: int) -> None:
        job.progress = JobProgress(frames_done)

    try:
        work = folder, media, serving.overlay, settings.shared.media
        run_in_worker(job, pool, serving.stall_timeout_s, update, "draw", *work)
    except CancelledError:
        return DELETED
    except JobFailedError as error:
        return f"The overlay of {source} could not be drawn. {error}"
    except StrapsError as error:
        if is_disk_full(error):
            raise
        return client_message(error, folder / media, source)
    except Exception as error:
        if is_disk_full(error):
            raise
        if job.cancelled.is_set():
            return DELETED  # deleting the job removed the files in use
        _LOG.exception("the drawing of %s in %s ended unexpectedly", media, folder)
        return f"The drawing ended unexpectedly ({type(error).__name__}); see the service's log."
    return None
