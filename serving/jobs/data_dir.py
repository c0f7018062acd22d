"""The folder the service writes into: nothing is ever written anywhere else.

``jobs/<id>/`` holds an uploaded video, its finished chunks and, in the end, its timeline in every
format, the overlay video and the pictures;
``uploads/`` what is being received and photos while they are looked at; ``deleted/`` what is being
removed. A client's file name is never part of a path.
"""

import fcntl
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from serving.errors import DataDirError
from shared_features.runtime.atomic import atomic_write

_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """32 hex digits that nobody can guess."""
    return uuid.uuid4().hex


class DataDir:
    """The service's own folder, locked against a second service.

    Args:
        root: of the folder; made if it is not there.

    Raises:
        DataDirError: it cannot be written to, or another service uses it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.jobs, self.uploads = root / "jobs", root / "uploads"
        self._deleted = root / "deleted"
        self._lock: IO[str] | None = None

    def __enter__(self) -> "DataDir":
        try:
            for folder in (self.jobs, self.uploads, self._deleted):
                folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.root / "lock").open("a")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.instance = self._read_instance()
        except BlockingIOError as error:
            self.__exit__()
            raise DataDirError(
                f"Another straps-serve is using {self.root}. Stop it, or give this one a folder of "
                "its own (`serving.data_dir` in params.yaml, or STRAPS_DATA_DIR)."
            ) from error
        except OSError as error:
            self.__exit__()
            raise DataDirError(
                f"The data folder {self.root} cannot be used ({error}). Set `serving.data_dir` in "
                "params.yaml, or STRAPS_DATA_DIR, to a folder that can be written to."
            ) from error
        # What an earlier process was receiving or removing when it was killed.
        self._empty(self.uploads)
        self._empty(self._deleted)
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def job(self, job_id: str) -> Path | None:
        """The folder of a job; None when the id is not one or the folder is not there."""
        folder = self.jobs / job_id
        return folder if _ID.fullmatch(job_id) and folder.is_dir() else None

    def job_ids(self) -> set[str]:
        """The jobs that have a folder."""
        return {folder.name for folder in self.jobs.iterdir()}

    def remove_job(self, job_id: str) -> None:
        """Remove a job's folder: gone at once for everyone else, its contents right after."""
        doomed = self._deleted / new_id()
        try:
            (self.jobs / job_id).rename(doomed)
        except FileNotFoundError:
            return
        shutil.rmtree(doomed, ignore_errors=True)

    @contextmanager
    def receiving(self) -> Iterator[Path]:
        """An empty folder for one upload, removed at the end whatever happens.

        Renaming it away, to become a job's folder, is how an upload is kept.
        """
        folder = self.uploads / new_id()
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _read_instance(self) -> str:
        """What tells this folder's queue from those of other folders in one database."""
        path = self.root / "instance"
        if not path.is_file():
            with atomic_write(path) as temporary:
                temporary.write_text(new_id(), encoding="ascii")
        return path.read_text(encoding="ascii")

    @staticmethod
    def _empty(folder: Path) -> None:
        for entry in folder.iterdir():
            shutil.rmtree(entry, ignore_errors=True)
