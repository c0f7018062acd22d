"""One analysis of the queue while it runs: its progress, and how it is stopped."""

import json
import logging
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from serving.analysis import analyse_video, announced_frames
from serving.errors import NotReadyError
from serving.exports.files import write_exports
from serving.model.engine import Engine
from serving.overlay.routine import routine_of, save_routine
from serving.settings import Settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import StrapsError

_LOG = logging.getLogger(__name__)
CHUNKS = "chunks"
_PROGRESS = "progress.json"
# Progress on disk is only read after a restart, so it need not be fresher than this.
_SAVE_EVERY_S = 1.0
_MODEL_POLLING_S = 0.5
DELETED = "The video was deleted."


@dataclass(frozen=True)
class Progress:
    """Frames analysed, and frames the video says it has (None when it says nothing)."""

    done: int = 0
    total: int | None = None


class Stopped(BaseException):
    """The process is ending. Not an ``Exception``: DBOS must not record it as an outcome."""


class CancelledError(Exception):
    """The job was deleted."""


class RunningJob:
    """What a running analysis and the rest of the service tell each other.

    Args:
        stopping: set when the process is ending.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self.cancelled = threading.Event()
        self.finished = threading.Event()
        self.progress = Progress()
        self._stopping = stopping

    def check(self) -> None:
        """Go on, or end here.

        Raises:
            Stopped: the process is ending; the job stays pending and is taken up again.
        """
        if self._stopping.is_set():
            raise Stopped
        if self.cancelled.is_set():
            raise CancelledError


def analyse_job(
    job: RunningJob, folder: Path, media: str, source: str, engine: Engine, settings: Settings
) -> str | None:
    """Analyse a job's video and write its exports into its folder.

    Returns:
        None when the exports are there, else why they are not.

    The model that is served when this begins gives all of the answers, also when another one takes
    over meanwhile. A job that was taken up again begins anew with the model of that moment: only
    landmarks, which no classifier has a part in, are kept from before.

    A bad video is an outcome, not an error. So is a fault of ours: it is logged, and trying the
    same again would end the same way.

    Raises:
        Stopped: the process is ending.
    """
    video = folder / media
    try:
        _analyse(job, folder, video, source, engine, settings)
    except CancelledError:
        return DELETED
    except StrapsError as error:
        return with_source(error, video, source)
    except Exception as error:
        if job.cancelled.is_set():
            return DELETED  # its files were removed under its feet
        _LOG.exception("the analysis of %s in %s ended unexpectedly", media, folder)
        return (
            f"The analysis ended unexpectedly ({type(error).__name__}). The service's log says "
            "more. Delete the video and send the original file again."
        )
    return None


def with_source(error: Exception, path: Path, source: str) -> str:
    """An error's message with the name that the owner knows instead of the one on disk."""
    return str(error).replace(str(path), source).replace(path.name, source)


def read_progress(folder: Path) -> Progress:
    """The progress that was last saved; none when nothing was, or the job is being removed."""
    try:
        return Progress(**json.loads((folder / _PROGRESS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Progress()


def _analyse(
    job: RunningJob, folder: Path, video: Path, source: str, engine: Engine, settings: Settings
) -> None:
    classifier = _wait_for_model(job, engine)
    job.progress = Progress(
        read_progress(folder).done, announced_frames(video, settings.shared.media)
    )
    saved_s = 0.0

    def report(frames_done: int) -> None:
        nonlocal saved_s
        job.check()
        # A job that was taken up again first catches up with what it had already shown.
        job.progress = Progress(max(frames_done, job.progress.done), job.progress.total)
        if time.monotonic() - saved_s >= _SAVE_EVERY_S:
            _save_progress(folder, job.progress)
            saved_s = time.monotonic()

    threads = settings.serving.analysis_threads
    analysis = analyse_video(
        video, source, classifier, settings.shared, folder / CHUNKS, report, threads
    )
    job.check()
    write_exports(analysis, folder)
    save_routine(routine_of(analysis), folder)
    job.progress = Progress(analysis.media.frames, job.progress.total)
    _save_progress(folder, job.progress)
    job.check()


def _wait_for_model(job: RunningJob, engine: Engine) -> PoseClassifier:
    """A job left by an earlier process is no worse for a model that is missing today."""
    while True:
        job.check()
        try:
            return engine.classifier()
        except NotReadyError:
            time.sleep(_MODEL_POLLING_S)


def _save_progress(folder: Path, progress: Progress) -> None:
    temporary = folder / f".{_PROGRESS}"
    temporary.write_text(json.dumps(asdict(progress)), encoding="utf-8")
    os.replace(temporary, folder / _PROGRESS)
