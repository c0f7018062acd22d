"""Runs the work of a job, with its attempts and its outcome in the job's record.

An attempt that an orderly stop interrupts does not count; one that ended with the whole process
does. Work that meets a full disk waits for room and starts again after its last finished chunk.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from serving.jobs.work.running_job import DELETED, CancelledError, RunningJob, StoppedError
from serving.storage.disk_space import DiskSpace, is_disk_full
from serving.storage.job_record import WorkKind, change_record

_LOG = logging.getLogger(__name__)
# Work that was interrupted by the death of the whole process this often is given up.
_MAX_ATTEMPTS = 10
# A disk can be full for a moment only, or for one file only (a quota, another disk).
_MAX_FULL = 5
_ROOM_POLL_INTERVAL_S = 0.5
_GIVEN_UP = (
    f"The service ended {_MAX_ATTEMPTS} times while it worked on this video, so it was given up. "
    "The video is kept. See the service's log, and upload the original file again to retry."
)


def run_recorded(
    job: RunningJob,
    kind: WorkKind,
    folder: Path,
    space: DiskSpace,
    work: Callable[[RunningJob, Path], str | None],
) -> str | None:
    """Do some work of a job, and store its outcome in the job's record.

    Args:
        job: Progress, and the ways to interrupt it.
        kind: Kind of the work.
        folder: Folder of the job.
        space: Room on its disk.
        work: Called with ``job`` and ``folder``; returns None or the reason for the failure.

    Returns:
        None on success, otherwise the reason for the failure.

    Raises:
        StoppedError: The process is shutting down.
    """
    with contextlib.suppress(OSError):
        record = change_record(folder, lambda record: record.counted(kind, 1))
        if record is not None and record.attempts[kind] > _MAX_ATTEMPTS:
            work = _give_up
    try:
        outcome = _with_room(job, folder, space, work)
        if not job.cancelled.is_set():
            _store(job, kind, folder, space, outcome)
        return outcome
    except CancelledError:
        return DELETED
    except StoppedError:
        with contextlib.suppress(OSError):
            change_record(folder, lambda record: record.counted(kind, -1))
        raise


def _give_up(_: RunningJob, __: Path) -> str | None:
    return _GIVEN_UP


def _with_room(
    job: RunningJob,
    folder: Path,
    space: DiskSpace,
    work: Callable[[RunningJob, Path], str | None],
) -> str | None:
    for _ in range(_MAX_FULL):
        try:
            return work(job, folder)
        except Exception as error:
            if not is_disk_full(error):
                raise
            _LOG.warning("the disk is full; %s waits for room", folder.name)
            _wait_for_room(job, space)
    return f"The disk of the service was full {_MAX_FULL} times. The video is kept."


def _store(
    job: RunningJob, kind: WorkKind, folder: Path, space: DiskSpace, outcome: str | None
) -> None:
    """Store an outcome, when there is room for it."""
    while folder.is_dir():
        try:
            change_record(folder, lambda record: record.ended(kind, outcome))
        except FileNotFoundError:
            return  # the job was deleted
        except OSError as error:
            if not is_disk_full(error):
                raise
            _wait_for_room(job, space)
        else:
            # The database on the same disk must be able to store it as well.
            if not space.is_exhausted:
                return
            _wait_for_room(job, space)


def _wait_for_room(job: RunningJob, space: DiskSpace) -> None:
    while True:
        job.check()
        time.sleep(_ROOM_POLL_INTERVAL_S)
        if not space.is_exhausted:
            return
