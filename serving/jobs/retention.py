"""Which finished videos are removed, so that the data folder stays within its age and size."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from serving.jobs.job import Job, JobState, OverlayState
from serving.storage.data_dir import DataDir

DAY_S = 86_400.0
# A page says every few minutes that it still shows a video, also when nothing is played.
WATCHED_FOR_S = 900.0


@dataclass(frozen=True)
class KeptJob:
    """A finished video and what it takes up.

    Attributes:
        id: ID of the job.
        created_s: Time of the upload, in seconds since 1970.
        watched_s: When it was last looked at, in seconds since 1970; 0 if it never was.
        size_bytes: Size of its folder.
    """

    id: str
    created_s: float
    watched_s: float
    size_bytes: int


def expired(
    jobs: Iterable[KeptJob],
    unfinished_bytes: int,
    now_s: float,
    keep_days: float | None,
    max_bytes: int | None,
) -> list[str]:
    """IDs of the videos to remove, oldest first; never one that is being watched.

    Args:
        jobs: Finished videos; others are never removed.
        unfinished_bytes: Size of the other jobs' folders.
        now_s: Present time, in seconds since 1970.
        keep_days: Days after the upload that a video is kept; None: for ever.
        max_bytes: Size of all folders that the oldest videos make way for; None: no limit.
    """
    ordered = sorted(jobs, key=lambda job: (job.created_s, job.id))
    total = unfinished_bytes + sum(job.size_bytes for job in ordered)
    removed = []
    for job in ordered:
        is_watched = now_s - job.watched_s < WATCHED_FOR_S
        is_old = keep_days is not None and now_s - job.created_s > keep_days * DAY_S
        is_too_much = max_bytes is not None and total > max_bytes
        if (is_old or is_too_much) and not is_watched:
            removed.append(job.id)
            total -= job.size_bytes
    return removed


class Retention:
    """Finds the videos to remove. For one thread only.

    Args:
        keep_days: As for ``expired``.
        max_bytes: As for ``expired``.
        data_dir: Where the videos are.
    """

    def __init__(self, keep_days: float | None, max_bytes: int | None, data_dir: DataDir) -> None:
        self._data_dir = data_dir
        self._keep_days, self._max_bytes = keep_days, max_bytes
        # Folders of finished jobs do not change, and there may be many of them.
        self._sizes: dict[tuple[str, OverlayState | None], int] = {}

    @property
    def is_limited(self) -> bool:
        """Whether anything is ever removed."""
        return self._keep_days is not None or self._max_bytes is not None

    def expired(self, jobs: Iterable[Job]) -> list[str]:
        """IDs of the videos to remove, oldest first."""
        finished: list[KeptJob] = []
        unfinished_bytes = 0
        sizes: dict[tuple[str, OverlayState | None], int] = {}
        for job in jobs:
            if not _is_finished(job):
                unfinished_bytes += self._data_dir.size_bytes(job.id)
                continue
            key = job.id, None if job.overlay is None else job.overlay.state
            sizes[key] = self._sizes.get(key) or self._data_dir.size_bytes(job.id)
            finished.append(
                KeptJob(
                    job.id, job.created_at.timestamp(), self._data_dir.watched_s(job.id), sizes[key]
                )
            )
        self._sizes = sizes
        return expired(finished, unfinished_bytes, time.time(), self._keep_days, self._max_bytes)


def _is_finished(job: Job) -> bool:
    if job.overlay is None:
        return job.state == JobState.FAILED
    return job.overlay.state in (OverlayState.READY, OverlayState.FAILED)
