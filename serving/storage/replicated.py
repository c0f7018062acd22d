"""A data folder whose jobs are copies of those in an object store."""

import logging
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from serving.errors import DataDirError, NotReadyError
from serving.storage.data_dir import DataDir, new_id
from serving.storage.folder_size import folder_bytes
from serving.storage.object_store import ObjectStore

_LOG = logging.getLogger(__name__)
# How old a copy may be when it is looked at.
_FRESH_S = 1.0
# How often the finished chunks of running work are sent, so that another service can continue it.
_SEND_INTERVAL_S = 5.0
_RETRY_S = 1.0
_NOTE_INTERVAL_S = 60.0
# A copy that was looked at this recently may be on its way to a client.
_IN_USE_S = 600.0


class ReplicatedDataDir(DataDir):
    """The data folder of a service that shares an object store with others.

    Args:
        root: Path of the folder; created if missing.
        url: Address of the store.
        reserve_bytes: Number of bytes that uploads leave free on the folder's disk.
        max_cache_bytes: Size of all copies above which those not used for longest are removed.
    """

    def __init__(self, root: Path, url: str, reserve_bytes: int, max_cache_bytes: int) -> None:
        super().__init__(root, reserve_bytes)
        self.copies = True
        self._objects = ObjectStore(url)
        self._max_cache_bytes = max_cache_bytes
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._fetched_s: dict[str, float] = {}
        self._noted_s: dict[str, float] = {}
        self._working: set[str] = set()

    def _read_ids(self) -> None:
        super()._read_ids()
        self.replica = self.instance
        try:
            self.instance = self._objects.common_id("instance", self.replica)
        except NotReadyError as error:
            raise DataDirError(str(error)) from error

    def job(self, job_id: str) -> Path | None:
        """Folder of a job, fetched if there is no copy; None if there is no such job."""
        folder = super().job(job_id)
        if folder is None and self.is_id(job_id):
            self.fetch(job_id)
            folder = super().job(job_id)
        return folder

    def job_ids(self) -> set[str]:
        """IDs of the jobs in the store."""
        return self._objects.job_ids()

    def has_job(self, job_id: str) -> bool:
        """Whether a job is in the store."""
        return self._objects.has(job_id)

    def strangers(self) -> list[Path]:
        """None: only copies are here."""
        return []

    def remove_job(self, job_id: str) -> None:
        """Remove a job from the store, then its copy."""
        self._objects.remove(job_id)
        super().remove_job(job_id)
        self._fetched_s.pop(job_id, None)

    def fetch(self, job_id: str) -> None:
        """Bring the copy of a job up to date, unless it is, or this service works on it."""
        with self._locks[job_id]:
            fresh = time.monotonic() - self._fetched_s.get(job_id, -_FRESH_S) < _FRESH_S
            if not fresh and job_id not in self._working:
                self._objects.fetch(self.jobs / job_id)
                self._fetched_s[job_id] = time.monotonic()

    def send(self, job_id: str) -> None:
        """Send what has changed in the copy of a job."""
        with self._locks[job_id]:
            self._objects.send(self.jobs / job_id)

    @contextmanager
    def working(self, job_id: str, check: Callable[[], None]) -> Iterator[None]:
        """Work on the copy of a job: it is fetched before, and sent from time to time and after.

        Args:
            job_id: ID of the job.
            check: Raises if the work has to end here.
        """
        self.fetch(job_id)
        self._working.add(job_id)
        done = threading.Event()
        sender = threading.Thread(target=self._keep_sending, args=(job_id, done), daemon=True)
        sender.start()
        try:
            yield
            self._send_at_last(job_id, check)
        finally:
            done.set()
            sender.join()
            self._working.discard(job_id)

    def size_bytes(self, job_id: str) -> int:
        """Size of a job's files in the store."""
        return self._objects.size_bytes(job_id)

    def note_watched(self, job_id: str) -> None:
        """Note that a client looks at a job now."""
        now_s = time.monotonic()
        if now_s - self._noted_s.get(job_id, -_NOTE_INTERVAL_S) >= _NOTE_INTERVAL_S:
            self._noted_s[job_id] = now_s
            self._objects.note_watched(job_id)

    def watched_s(self, job_id: str) -> float:
        """When a job was last looked at, in seconds since 1970; 0 if it never was."""
        return self._objects.watched_s(job_id)

    def exclusive(self) -> AbstractContextManager[object]:
        """Nothing: what is done under it can be done by several services at a time."""
        return nullcontext()

    def tidy_copies(self) -> None:
        """Remove the copies of jobs that are gone, and those not used for longest if need be."""
        there = self.job_ids()
        now_s = time.monotonic()
        used = {
            job_id: self._fetched_s.get(job_id, 0.0)
            for job_id in super().job_ids()
            if job_id not in self._working
        }
        sizes = {job_id: folder_bytes(self.jobs / job_id) for job_id in used}
        total = sum(sizes.values())
        for job_id in sorted(used, key=used.__getitem__):
            is_spare = total > self._max_cache_bytes and now_s - used[job_id] > _IN_USE_S
            if is_spare or (job_id in self._fetched_s and job_id not in there):
                with self._locks[job_id]:
                    doomed = self._deleted / new_id()
                    (self.jobs / job_id).rename(doomed)
                    shutil.rmtree(doomed, ignore_errors=True)
                self._fetched_s.pop(job_id, None)
                total -= sizes[job_id]

    def _keep_sending(self, job_id: str, done: threading.Event) -> None:
        while not done.wait(_SEND_INTERVAL_S):
            try:
                self.send(job_id)
            except NotReadyError as error:
                # The last sending insists.
                _LOG.warning("the files of %s could not be sent yet: %s", job_id, error)

    def _send_at_last(self, job_id: str, check: Callable[[], None]) -> None:
        while (self.jobs / job_id).is_dir():
            try:
                self.send(job_id)
            except NotReadyError as error:
                _LOG.warning("the results of %s wait for the store: %s", job_id, error)
                check()
                time.sleep(_RETRY_S)
            else:
                return
