"""A job's work is tried twice in a process of its own; what happens twice is the job's failure."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.jobs.work.running_job import CancelledError, RunningJob
from serving.jobs.work.worker import JobFailedError, run_in_worker
from shared_features.errors import MediaError
from shared_features.runtime.worker_pool import WorkerPool
from shared_features.runtime.worker_process import note


class Work:
    """What the workers of these tests do; files count the attempts."""

    def crash_until(self, attempts: Path, last: int) -> str:
        attempts.write_text(attempts.read_text() + "x")
        note("begun")
        if len(attempts.read_text()) < last:
            os.abort()
        return "done"

    def hang(self) -> None:
        signal.pause()

    def refuse(self) -> None:
        raise MediaError("no video")


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(Work)
    yield pool
    pool.close()


@pytest.fixture
def attempts(tmp_path: Path) -> Path:
    path = tmp_path / "attempts"
    path.touch()
    return path


@pytest.fixture
def job() -> RunningJob:
    return RunningJob(threading.Event())


def test_a_crash_is_tried_again(job: RunningJob, pool: WorkerPool, attempts: Path) -> None:
    """The second attempt counts."""
    notes: list[str] = []
    assert run_in_worker(job, pool, 600, notes.append, "crash_until", attempts, 2) == "done"
    assert notes == ["begun", "begun"]


def test_a_second_crash_is_the_end(job: RunningJob, pool: WorkerPool, attempts: Path) -> None:
    """It says how the process died, and how often; the pool is fine."""
    with pytest.raises(JobFailedError, match=r"SIGABRT.*2 times"):
        run_in_worker(job, pool, 600, print, "crash_until", attempts, 9)
    assert len(attempts.read_text()) == 2
    assert run_in_worker(job, pool, 600, print, "crash_until", attempts, 1) == "done"


def test_no_progress_is_noticed(job: RunningJob, pool: WorkerPool) -> None:
    """A process that hangs is ended."""
    with pytest.raises(JobFailedError, match="no progress"):
        run_in_worker(job, pool, 0.2, print, "hang")


def test_a_bad_video_is_not_tried_again(job: RunningJob, pool: WorkerPool) -> None:
    """It would end the same way."""
    with pytest.raises(MediaError, match="no video"):
        run_in_worker(job, pool, 600, print, "refuse")


def test_a_deleted_job_is_left_at_once(job: RunningJob, pool: WorkerPool) -> None:
    """Its process is ended."""
    job.cancelled.set()
    with pytest.raises(CancelledError):
        run_in_worker(job, pool, 600, print, "hang")
