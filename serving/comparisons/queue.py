"""The durable queue of comparisons: their folders.

A comparison is stored before the request for it is answered, and its folder says how far it is, so
that the next process resumes what an earlier one left. It lives as long as both of its videos: it
shows their frames, so it goes when one of them is deleted.
"""

import logging
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from serving.comparisons.comparer import Comparer
from serving.comparisons.record import (
    FOLDER,
    RESULT_FILE,
    VIDEO_FILE,
    Comparison,
    ComparisonState,
    folder_of,
    read_comparison,
    write_comparison,
)
from serving.errors import BusyError, ConflictError, NotFoundError, client_message
from serving.exports.files import FILE_NAMES
from serving.jobs import (
    CancelledError,
    Job,
    JobFailedError,
    JobProgress,
    RunningJob,
    StoppedError,
    run_in_worker,
)
from serving.overlay.drawer import NICENESS
from serving.settings import Settings
from serving.storage.data_dir import DataDir, new_id
from serving.storage.job_record import read_record
from shared_features.errors import StrapsError
from shared_features.runtime.worker_pool import WorkerPool

_LOG = logging.getLogger(__name__)
_POLL_INTERVAL_S = 1.0
_STOP_TIMEOUT_S = 10.0
_RETRY_AFTER_S = 30
_RETRY_RESULT_AFTER_S = 2
# Work that was interrupted by the death of the whole process this often is given up.
_MAX_ATTEMPTS = 5
_UNFINISHED = (ComparisonState.QUEUED, ComparisonState.PROCESSING)
# Held while a service works on a comparison; services may share a store.
_LOCK = "lock"


class ComparisonQueue:
    """The service's comparisons. Its methods block: call them off the event loop.

    Args:
        settings: Limits, and how skeletons are drawn.
        data_dir: Folder of the comparisons and of the jobs.
    """

    def __init__(self, settings: Settings, data_dir: DataDir) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._pool = WorkerPool(Comparer, niceness=NICENESS, reuse=False)
        self._running: tuple[str, RunningJob] | None = None
        self._thread = threading.Thread(target=self._work, name="comparisons", daemon=True)

    def start(self) -> None:
        """Resume the comparisons of an earlier process, and take new ones."""
        if self._settings.serving.role != "web":
            self._thread.start()

    def stop(self) -> None:
        """Interrupt running work; the next process resumes it."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_TIMEOUT_S)
        self._pool.close()

    def submit(
        self, reference: Job, target: Job, splits_s: Sequence[float], owner: str
    ) -> Comparison:
        """Store a comparison of two analysed videos; it is durable on return.

        Raises:
            BusyError: Too many are waiting.
        """
        waiting = sum(one.state == ComparisonState.QUEUED for one in self._all())
        if waiting >= self._settings.serving.max_queued_jobs:
            raise BusyError(
                f"{waiting} comparisons are waiting. Try again when some of them are done.",
                _RETRY_AFTER_S,
            )
        comparison = Comparison(
            new_id(), reference.id, target.id, tuple(splits_s), time.time(), owner
        )
        folder = self._folder(comparison.id)
        folder.mkdir(parents=True)
        write_comparison(comparison, folder)
        self._wake.set()
        return comparison

    def get(self, comparison_id: str, owner: str | None = None) -> Comparison:
        """One comparison.

        Args:
            comparison_id: ID of the comparison.
            owner: Name of the client whose it has to be; None: anyone's.

        Raises:
            NotFoundError: None has this ID, it belongs to someone else, or a video is gone.
        """
        for comparison in self._all():
            if comparison.id == comparison_id and owner in (None, comparison.owner):
                return comparison
        raise NotFoundError(
            f"There is no comparison {comparison_id[:80]!r}. It, or one of its videos, may have "
            "been deleted."
        )

    def file(self, comparison_id: str, name: str, owner: str | None = None) -> Path:
        """Path of a file of a finished comparison.

        Raises:
            NotFoundError: There is no such comparison, or it has no such file.
            ConflictError: It has not finished, or has failed.
        """
        comparison = self.get(comparison_id, owner)
        if comparison.state == ComparisonState.FAILED:
            raise ConflictError(f"The comparison failed. {comparison.problem}")
        if comparison.state != ComparisonState.DONE:
            raise ConflictError(
                f"The comparison has not finished: it is {comparison.state}. Ask again when its "
                "status is done.",
                _RETRY_RESULT_AFTER_S,
            )
        path = self._folder(comparison_id) / name
        if not path.is_file():
            raise NotFoundError(
                "This comparison has no such file: the two videos do not show the same routine."
            )
        return path

    def all(self, owner: str | None = None) -> list[Comparison]:
        """Every comparison, or every one of a client, newest first."""
        found = [one for one in self._all() if owner in (None, one.owner)]
        return sorted(found, key=lambda one: one.created_s, reverse=True)

    def progress(self, comparison_id: str) -> int:
        """Number of frames drawn so far."""
        with self._lock:
            running = self._running
        return running[1].progress.done if running and running[0] == comparison_id else 0

    def has_video(self, comparison: Comparison) -> bool:
        """Whether both are drawn side by side."""
        return (self._folder(comparison.id) / VIDEO_FILE).is_file()

    def delete(self, comparison_id: str, owner: str | None = None) -> None:
        """Delete a comparison in any state; running work is stopped first.

        Raises:
            NotFoundError: None has this ID.
        """
        self._remove(self.get(comparison_id, owner))

    def _all(self) -> Iterator[Comparison]:
        """Those whose videos are still there."""
        root = self._data_dir.store / FOLDER
        for folder in root.iterdir() if root.is_dir() else ():
            comparison = read_comparison(folder)
            if comparison is not None and self._has_videos(comparison):
                yield comparison

    def _has_videos(self, comparison: Comparison) -> bool:
        videos = comparison.reference, comparison.target
        return all(self._data_dir.job(video) is not None for video in videos)

    def _folder(self, comparison_id: str) -> Path:
        return folder_of(self._data_dir, comparison_id)

    def _remove(self, comparison: Comparison) -> None:
        with self._lock:
            if self._running is not None and self._running[0] == comparison.id:
                self._running[1].cancelled.set()
        shutil.rmtree(self._folder(comparison.id), ignore_errors=True)

    def _work(self) -> None:
        """Run what is waiting, oldest first, until the service stops."""
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._sweep()
                waiting = [one for one in self._all() if one.state in _UNFINISHED]
                if any(self._run(one) for one in sorted(waiting, key=lambda one: one.created_s)):
                    continue
            except StoppedError:
                return
            except OSError:
                # A full disk, for example: what could not be stored is tried again.
                _LOG.exception("the comparisons cannot be worked on")
            self._wake.wait(_POLL_INTERVAL_S)

    def _sweep(self) -> None:
        """Remove comparisons of deleted videos."""
        root = self._data_dir.store / FOLDER
        for folder in root.iterdir() if root.is_dir() else ():
            comparison = read_comparison(folder)
            if comparison is not None and not self._has_videos(comparison):
                self._remove(comparison)

    def _run(self, comparison: Comparison) -> bool:
        """Work on a comparison; returns False if another service does, or it is gone."""
        folder = self._folder(comparison.id)
        if not folder.is_dir():
            return False
        try:
            with FileLock(folder / _LOCK, timeout=0, fallback_to_soft=False):
                found = read_comparison(folder)  # another service may have ended it meanwhile
                if found is None or found.state not in _UNFINISHED:
                    return False
                self._run_locked(found, folder)
        except Timeout:
            return False
        return True

    def _run_locked(self, comparison: Comparison, folder: Path) -> None:
        started = replace(
            comparison, state=ComparisonState.PROCESSING, attempts=comparison.attempts + 1
        )
        job = RunningJob(self._stopping)
        with self._lock:
            self._running = comparison.id, job
        try:
            write_comparison(started, folder)
            if started.attempts > _MAX_ATTEMPTS:
                problem: str | None = "The service ended repeatedly while it worked on this."
            else:
                problem = self._outcome(started, job, folder)
            state = ComparisonState.DONE if problem is None else ComparisonState.FAILED
            if not job.cancelled.is_set() and folder.is_dir():
                write_comparison(started.now(state, problem), folder)
        except StoppedError:
            write_comparison(comparison, folder)  # an orderly stop is no attempt
            raise
        except CancelledError:
            pass
        finally:
            if job.cancelled.is_set():
                shutil.rmtree(folder, ignore_errors=True)
            with self._lock:
                self._running = None

    def _outcome(self, comparison: Comparison, job: RunningJob, folder: Path) -> str | None:
        """Do the work; returns None or the reason for the failure."""
        if (folder / RESULT_FILE).is_file():
            return None  # killed after writing the last file but before recording the outcome
        pair = [self._data_dir.jobs / one for one in (comparison.reference, comparison.target)]
        records = [record for record in map(read_record, pair) if record is not None]
        if len(records) < len(pair):
            return "One of the videos is no longer there."
        videos = tuple(one / record.media for one, record in zip(pair, records, strict=True))
        tables = tuple(one / FILE_NAMES["landmarks"] for one in pair)
        names = tuple(record.source for record in records)
        serving = self._settings.serving

        def update(frames_done: int) -> None:
            job.progress = JobProgress(frames_done)

        work = (
            *(folder, videos, tables, names, comparison.splits_s),
            *(serving.overlay, self._settings.shared.media),
        )
        try:
            run_in_worker(job, self._pool, serving.stall_timeout_s, update, "compare", *work)
        except JobFailedError as error:
            return f"The two videos could not be compared. {error}"
        except StrapsError as error:
            message = str(error)
            for path, table, name in zip(videos, tables, names, strict=True):
                message = message.replace(str(table), name)
                message = client_message(StrapsError(message), path, name)
            return message
        return None
