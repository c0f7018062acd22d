"""The analysis of a queued video: from its uploaded file to the exports in its folder."""

import json
import logging
import os
import time
from dataclasses import asdict
from pathlib import Path

from serving.analysis import analyze_video, announced_frames
from serving.errors import NotReadyError, client_message
from serving.exports.files import write_exports
from serving.jobs.running_job import DELETED, CancelledError, JobProgress, RunningJob
from serving.model.engine import Engine
from serving.overlay.routine import routine_of, save_routine
from serving.settings import Settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import StrapsError

_LOG = logging.getLogger(__name__)
_CHUNKS = "chunks"
_PROGRESS = "progress.json"
# Progress on disk is only read after a restart, so it may lag this much.
_SAVE_INTERVAL_S = 1.0
_MODEL_POLL_INTERVAL_S = 0.5


def analyze_job(
    job: RunningJob, folder: Path, media: str, source: str, engine: Engine, settings: Settings
) -> str | None:
    """Analyse a job's video and write its exports into the job's folder.

    All predictions come from the model that is being served when the analysis starts, even if
    another one replaces it meanwhile. A resumed job starts over with the model served at that
    moment; only landmarks, which do not depend on the classifier, are reused.

    An unreadable video is an outcome, not an error. So is a fault in the service itself: it is
    logged, and a retry would end the same way.

    Returns:
        None on success, otherwise the reason for the failure.

    Raises:
        StoppedError: The process is shutting down.
    """
    video = folder / media
    try:
        _analyze(job, folder, video, source, engine, settings)
    except CancelledError:
        return DELETED
    except StrapsError as error:
        return client_message(error, video, source)
    except Exception as error:
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
    job: RunningJob, folder: Path, video: Path, source: str, engine: Engine, settings: Settings
) -> None:
    classifier = _wait_for_model(job, engine)
    job.progress = JobProgress(
        read_progress(folder).done, announced_frames(video, settings.shared.media)
    )
    saved_s = 0.0

    def report_progress(frames_done: int) -> None:
        nonlocal saved_s
        job.check()
        # A resumed job must not count backwards while it catches up with its earlier progress.
        job.progress = JobProgress(max(frames_done, job.progress.done), job.progress.total)
        if time.monotonic() - saved_s >= _SAVE_INTERVAL_S:
            _save_progress(folder, job.progress)
            saved_s = time.monotonic()

    threads = settings.serving.analysis_threads
    analysis = analyze_video(
        video, source, classifier, settings.shared, folder / _CHUNKS, report_progress, threads
    )
    job.check()
    write_exports(analysis, folder)
    save_routine(routine_of(analysis), folder)
    job.progress = JobProgress(analysis.media.frames, job.progress.total)
    _save_progress(folder, job.progress)
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
    temporary.write_text(json.dumps(asdict(progress)), encoding="utf-8")
    os.replace(temporary, folder / _PROGRESS)
