"""The jobs that one client may see: its own, or all of them if it is an admin."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

from fastapi import Depends

from serving.http.access.client import ClientDep
from serving.http.services import ServicesDep
from serving.jobs import Job, JobQueue


class OwnJobs:
    """The queue as one client sees it; other clients' jobs do not exist for it.

    Args:
        queue: All jobs.
        name: Name of the client.
        sees_all: Whether it is an admin.
    """

    def __init__(self, queue: JobQueue, name: str, sees_all: bool) -> None:
        self._queue = queue
        self._name = name
        self._owner = None if sees_all else name

    def require_slot(self) -> None:
        """See ``JobQueue.require_slot``."""
        self._queue.require_slot()

    def reserve_slot(self) -> AbstractContextManager[None]:
        """See ``JobQueue.reserve_slot``."""
        return self._queue.reserve_slot()

    def submit(
        self, folder: Path, media: str, source: str, slow_motion: float | None = None
    ) -> Job:
        """Turn a received video into a job of this client; see ``JobQueue.submit``."""
        return self._queue.submit(folder, media, source, self._name, slow_motion)

    def all(self) -> list[Job]:
        """See ``JobQueue.all``."""
        return self._queue.all(self._owner)

    def get(self, job_id: str) -> Job:
        """See ``JobQueue.get``."""
        return self._queue.get(job_id, self._owner)

    def get_analyzed(self, job_id: str) -> Job:
        """See ``JobQueue.get_analyzed``."""
        return self._queue.get_analyzed(job_id, self._owner)

    def get_drawn(self, job_id: str) -> Job:
        """See ``JobQueue.get_drawn``."""
        return self._queue.get_drawn(job_id, self._owner)

    def redraw(self, job_id: str) -> Job:
        """See ``JobQueue.redraw``."""
        return self._queue.redraw(job_id, self._owner)

    def delete(self, job_id: str) -> None:
        """See ``JobQueue.delete``."""
        self._queue.delete(job_id, self._owner)


def _own_jobs(services: ServicesDep, client: ClientDep) -> OwnJobs:
    return OwnJobs(services.jobs, client.name, client.admin)


JobsDep = Annotated[OwnJobs, Depends(_own_jobs)]
