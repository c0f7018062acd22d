"""The data folder: the only place the service writes to, unless it shares a store with others.

``jobs/<id>/`` holds an uploaded video, its finished chunks and, at the end, its timeline in every
format, the overlay video and the images; its ``job.json`` says what job it is. ``uploads/`` holds
files being received, and photos while they are analysed. ``deleted/`` holds what is being removed.
``set-aside/`` holds what was found in ``jobs/`` and is no job; nothing there is used or removed. A
client's file name is never part of a path.

Services that share their work have these folders in a store that all of them can reach. The data
folder of each then holds its own ID, and the lock.
"""

import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from serving.errors import DataDirError
from serving.storage.disk_space import DiskSpace
from serving.storage.folder_size import folder_bytes
from serving.storage.watched import note_watched, watched_s
from shared_features.runtime.atomic import atomic_write

SET_ASIDE = "set-aside"
_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """A random ID of 32 hex digits."""
    return uuid.uuid4().hex


def is_job_folder(path: Path) -> bool:
    """Whether something among the jobs' folders can be one, by its name."""
    return bool(_ID.fullmatch(path.name)) and path.is_dir()


class DataDir:
    """The service's data folder, locked against a second service, and its store.

    The lock belongs to the process: the operating system releases it even if the process is killed.

    Args:
        root: Path of the folder; created if missing.
        reserve_bytes: Number of bytes that uploads leave free on its disk.
        tidy: Remove what an earlier process was receiving or removing when it was killed.
        store: Folder shared with other services; None: the data folder itself.

    Attributes:
        root: Path of the data folder.
        store: Where the jobs are.
        instance: ID of the queue that belongs to the store.
        replica: ID of this service among those that share the store; None if it is alone.
        copies: Whether the jobs here are copies of those in an object store.

    Raises:
        DataDirError: The folder cannot be written to, or another service is using it.
    """

    def __init__(
        self, root: Path, reserve_bytes: int = 0, tidy: bool = True, store: Path | None = None
    ) -> None:
        self.root, self.store = root, store or root
        self._is_shared = store is not None
        self.replica: str | None = None
        self.copies = False
        self._tidy = tidy
        self.space = DiskSpace(self.store, reserve_bytes)
        self.jobs, self.uploads = self.store / "jobs", self.store / "uploads"
        self._deleted = self.store / "deleted"
        self._lock = FileLock(root / "lock", timeout=0, fallback_to_soft=False)

    def __enter__(self) -> Self:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._read_ids()
            for folder in (self.jobs, self.uploads, self._deleted):
                folder.mkdir(parents=True, exist_ok=True)
        except Timeout as error:
            raise DataDirError(
                f"Another straps-serve is using {self.root}. Stop it, or give this one a folder of "
                "its own (`serving.data_dir` in params.yaml, or STRAPS_DATA_DIR)."
            ) from error
        except DataDirError:
            self._lock.release()
            raise
        except OSError as error:
            self._lock.release()
            raise DataDirError(
                f"The data folder {self.root} cannot be used ({error}). Set `serving.data_dir` in "
                "params.yaml, or STRAPS_DATA_DIR, to a writable folder."
            ) from error
        # Leftovers of an earlier process that was killed while receiving or removing files.
        if self._tidy:
            self._empty(self.uploads)
            self._empty(self._deleted)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def job(self, job_id: str) -> Path | None:
        """Folder of a job; None if the ID is malformed or the folder does not exist."""
        folder = self.jobs / job_id
        return folder if self.is_id(job_id) and folder.is_dir() else None

    def job_ids(self) -> set[str]:
        """IDs of the jobs that have a folder."""
        return {entry.name for entry in self.jobs.iterdir() if is_job_folder(entry)}

    def strangers(self) -> list[Path]:
        """What is among the jobs' folders and cannot be one."""
        return sorted(entry for entry in self.jobs.iterdir() if not is_job_folder(entry))

    def set_aside(self, entry: Path) -> Path:
        """Move something out of the jobs' folders, to where it is kept; returns its new path."""
        folder = self.store / SET_ASIDE
        folder.mkdir(exist_ok=True)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        return entry.rename(folder / f"{entry.name}-{stamp}-{new_id()[:4]}")

    def remove_job(self, job_id: str) -> None:
        """Remove a job's folder: first, atomically, from view; then its contents from the disk."""
        doomed = self._deleted / new_id()
        try:
            (self.jobs / job_id).rename(doomed)
        except FileNotFoundError:
            return
        shutil.rmtree(doomed, ignore_errors=True)

    def has_job(self, job_id: str) -> bool:
        """Whether a job has not been removed, by this service or another one."""
        return (self.jobs / job_id).is_dir()

    def fetch(self, job_id: str) -> None:
        """Bring a job's folder up to date, if it is a copy."""

    def send(self, job_id: str) -> None:
        """Send what has changed in a job's folder, if it is a copy."""

    def working(self, job_id: str, check: Callable[[], None]) -> AbstractContextManager[None]:
        """Work on a job's folder: a copy is fetched before, and sent after."""
        del job_id, check  # nothing to do: this is where the job is
        return nullcontext()

    def size_bytes(self, job_id: str) -> int:
        """Size of a job's files."""
        return folder_bytes(self.jobs / job_id)

    def note_watched(self, job_id: str) -> None:
        """Note that a client looks at a job now."""
        note_watched(self.jobs / job_id)

    def watched_s(self, job_id: str) -> float:
        """When a job was last looked at, in seconds since 1970; 0 if it never was."""
        return watched_s(self.jobs / job_id)

    def tidy_copies(self) -> None:
        """Remove what is superfluous among copies."""

    def exclusive(self) -> AbstractContextManager[object]:
        """Excludes other services that share the store, for as long as it is entered."""
        return FileLock(self.store / "shared.lock") if self._is_shared else nullcontext()

    @contextmanager
    def receiving(self) -> Iterator[Path]:
        """An empty folder for one upload, removed at the end in any case. Blocking.

        To keep an upload, rename its folder.
        """
        folder = self.uploads / new_id()
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _read_ids(self) -> None:
        if self._is_shared:
            self.replica = _read_id(self.root / "replica")
            self.uploads /= self.replica
            self._deleted /= self.replica
        self.store.mkdir(parents=True, exist_ok=True)
        with self.exclusive():
            self.instance = _read_id(self.store / "instance")

    @staticmethod
    def is_id(job_id: str) -> bool:
        """Whether this is the ID of a job, by its form."""
        return bool(_ID.fullmatch(job_id))

    @staticmethod
    def _empty(folder: Path) -> None:
        for entry in folder.iterdir():
            shutil.rmtree(entry, ignore_errors=True)


def _read_id(path: Path) -> str:
    """The ID in a file, which is made if there is none."""
    if not path.is_file():
        with atomic_write(path) as temporary:
            temporary.write_text(new_id(), encoding="ascii")
    return path.read_text(encoding="ascii")
