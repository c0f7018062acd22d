"""Jobs in an object store (S3's protocol), for services without a folder that all can reach.

Each service works on copies in its own data folder. A copy's ``.objects.json`` says which version
of each object it has, so only what has changed is sent and fetched. A job is in the store before it
is in the queue, and its results are before the queue says that it is done.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from serving.errors import DataDirError, NotReadyError
from shared_features.runtime.atomic import atomic_write

if TYPE_CHECKING:
    from obstore import ObjectMeta

_VERSIONS = ".objects.json"
_JOBS, _WATCHED = "jobs", "watched"
# name: [size, time of change, version in the store]
Versions = dict[str, tuple[int, int, str]]


class ObjectStore:
    """Copies jobs to and from a bucket. Safe to share between threads, but not for one job.

    Args:
        url: For example ``s3://bucket/prefix``. Credentials, region and endpoint come from the
            usual environment variables (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL`` …).

    Raises:
        DataDirError: The library for object stores is not installed, or the address is not valid.
            All methods raise NotReadyError if the store does not answer.
    """

    def __init__(self, url: str) -> None:
        try:
            import obstore
            from obstore.exceptions import BaseError
        except ModuleNotFoundError as error:
            raise DataDirError(
                f"The store {url} needs the extra `s3`: pip install "
                "'aerial-straps-pose-classifier[serve,s3]'."
            ) from error
        self._api, self._errors = obstore, BaseError
        self._url = url
        try:
            # Object stores have no folders, so none may stay when it is empty.
            is_folder = url.startswith("file:")
            open_url = obstore.store.from_url
            self._store = open_url(url, automatic_cleanup=True) if is_folder else open_url(url)
        except (BaseError, ValueError) as error:
            raise DataDirError(
                f"The store {url} cannot be used ({error}). Expected an address such as "
                "s3://bucket/prefix (`serving.store` in params.yaml, or STRAPS_STORE)."
            ) from error

    def common_id(self, name: str, proposed: str) -> str:
        """The ID under a name: the one proposed, or that of the service which came first."""
        from obstore.exceptions import AlreadyExistsError

        with self._answering():
            with suppress(AlreadyExistsError):
                self._api.put(self._store, name, proposed.encode(), mode="create")
            return bytes(self._api.get(self._store, name).bytes()).decode()

    def job_ids(self) -> set[str]:
        """IDs of all jobs in the store."""
        with self._answering():
            found = self._api.list_with_delimiter(self._store, f"{_JOBS}/")
        return {prefix.rsplit("/", 1)[-1] for prefix in found["common_prefixes"]}

    def has(self, job_id: str) -> bool:
        """Whether a job is in the store."""
        return next(self._listed(job_id), None) is not None

    def size_bytes(self, job_id: str) -> int:
        """Size of all files of a job."""
        return sum(found["size"] for found in self._listed(job_id))

    def send(self, folder: Path) -> None:
        """Send what is new, has changed or is gone in the copy of a job."""
        versions = _read_versions(folder)
        present = dict(_files(folder))
        for name, (size, changed_ns) in present.items():
            if versions.get(name, ())[:2] != (size, changed_ns):
                # It may be replaced or removed meanwhile.
                with suppress(FileNotFoundError), self._answering():
                    sent = self._api.put(self._store, _key(folder.name, name), folder / name)
                    versions[name] = size, changed_ns, str(sent["e_tag"])
        gone = versions.keys() - present.keys()
        if gone:
            self._delete([_key(folder.name, name) for name in gone])
            versions = {name: version for name, version in versions.items() if name in present}
        _write_versions(folder, versions)

    def fetch(self, folder: Path) -> None:
        """Bring the copy of a job up to date; one that is not in the store gets no folder."""
        versions = _read_versions(folder)
        prefix = _key(folder.name, "")
        there = {
            found["path"].removeprefix(prefix): str(found["e_tag"])
            for found in self._listed(folder.name)
        }
        if there:
            folder.mkdir(exist_ok=True)
        for name, tag in there.items():
            if name not in versions or versions[name][2] != tag:
                path = folder / name
                path.parent.mkdir(exist_ok=True)
                with atomic_write(path) as temporary, temporary.open("wb") as file:
                    self._receive(_key(folder.name, name), file)
                status = path.stat()
                versions[name] = status.st_size, status.st_mtime_ns, tag
        for name in versions.keys() - there.keys():
            (folder / name).unlink(missing_ok=True)
        if there:
            _write_versions(folder, {name: versions[name] for name in there})

    def remove(self, job_id: str) -> None:
        """Remove a job from the store."""
        keys = [found["path"] for found in self._listed(job_id)]
        self._delete([*keys, f"{_WATCHED}/{job_id}"])

    def note_watched(self, job_id: str) -> None:
        """Note that a client looks at a job now."""
        with self._answering():
            self._api.put(self._store, f"{_WATCHED}/{job_id}", b"")

    def watched_s(self, job_id: str) -> float:
        """When a job was last looked at, in seconds since 1970; 0 if it never was."""
        try:
            with self._answering():
                found = self._api.head(self._store, f"{_WATCHED}/{job_id}")
        except FileNotFoundError:
            return 0.0
        return float(found["last_modified"].timestamp())

    def _receive(self, key: str, file: IO[bytes]) -> None:
        with self._answering():
            for piece in self._api.get(self._store, key):
                file.write(piece)

    def _delete(self, keys: list[str]) -> None:
        with self._answering(), suppress(FileNotFoundError):
            self._api.delete(self._store, keys)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turns the library's errors into ours, except that an object is not there.

        Raises:
            NotReadyError: The store does not answer, or refuses.
        """
        try:
            yield
        except FileNotFoundError:
            raise
        except self._errors as error:
            raise NotReadyError(
                f"The store {self._url} cannot be used at the moment "
                f"({str(error).splitlines()[0][:200]}). Check its address and credentials."
            ) from error

    def _listed(self, job_id: str) -> Iterator["ObjectMeta"]:
        with self._answering():
            for some in self._api.list(self._store, _key(job_id, "")):
                yield from some


def _key(job_id: str, name: str) -> str:
    return f"{_JOBS}/{job_id}/{name}"


def _files(folder: Path) -> Iterable[tuple[str, tuple[int, int]]]:
    """Names of the finished files of a copy, with their size and time of change."""
    for at, _, names in os.walk(folder):
        for name in names:
            path = Path(at) / name
            if name[0] != ".":  # what is being written, and the versions
                with suppress(FileNotFoundError):
                    status = path.stat()
                    yield path.relative_to(folder).as_posix(), (status.st_size, status.st_mtime_ns)


def _read_versions(folder: Path) -> Versions:
    try:
        given = json.loads((folder / _VERSIONS).read_text(encoding="utf-8"))
        return {name: (int(size), int(ns), str(tag)) for name, (size, ns, tag) in given.items()}
    except (OSError, ValueError):
        return {}


def _write_versions(folder: Path, versions: Versions) -> None:
    with suppress(FileNotFoundError), atomic_write(folder / _VERSIONS) as temporary:
        temporary.write_text(json.dumps(versions), encoding="utf-8")
