"""However often the service is restarted, a healthy job is finished, and none is lost."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.jobs import JobState
from serving.jobs.work import recorded
from serving.jobs.work.recorded import _MAX_ATTEMPTS
from serving.jobs.work.running_job import JobProgress, RunningJob
from serving.storage.job_record import JobRecord, read_record, write_record
from tests.serving.conftest import Start
from tests.serving.jobs.instant import (
    analyze_at_once,
    open_queue,
    replace_work,
    settings_in,
    settled,
    submit,
)
from tests.waiting import wait_for

RESTARTS = _MAX_ATTEMPTS + 2
FEW_ATTEMPTS = 2


class SlowWork:
    """Work that makes progress until it is interrupted, or until it may end."""

    def __init__(self) -> None:
        self.started, self.may_end = threading.Event(), threading.Event()

    def __call__(self, job: RunningJob, folder: Path, media: str, *_: object) -> str | None:
        job.progress = JobProgress(job.progress.done + 1, None)
        self.started.set()
        while not self.may_end.wait(0.01):
            job.check()
        return analyze_at_once(job, folder, media)


@pytest.fixture
def slow_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowWork]:
    work = SlowWork()
    replace_work(monkeypatch, analyze=work)
    yield work
    work.may_end.set()


def test_orderly_restarts_are_no_attempts(
    slow_work: SlowWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped more often than a crash is forgiven, the job is still there and ends well."""
    monkeypatch.setattr(recorded, "_MAX_ATTEMPTS", FEW_ATTEMPTS)
    settings = settings_in(tmp_path)
    with open_queue(settings) as jobs:
        job_id = submit(jobs, tmp_path / "data")
        assert slow_work.started.wait()
    for _ in range(FEW_ATTEMPTS + 2):
        slow_work.started.clear()
        with open_queue(settings) as jobs:
            assert slow_work.started.wait()
            assert jobs.get(job_id).state == JobState.PROCESSING
    slow_work.may_end.set()
    with open_queue(settings) as jobs:
        assert settled(jobs, job_id).state == JobState.DONE


def test_a_video_that_ends_the_service_every_time_is_given_up(
    slow_work: SlowWork, tmp_path: Path
) -> None:
    """After the last attempt it has failed, is found, says why, and keeps its upload."""
    settings = settings_in(tmp_path)
    with open_queue(settings) as jobs:
        job_id = submit(jobs, tmp_path / "data")
        assert slow_work.started.wait()
        folder = jobs.get(job_id).folder
    record = read_record(folder)
    assert record is not None
    assert record.attempts == {"analysis": 0}
    write_record(folder, record.counted("analysis", _MAX_ATTEMPTS))  # as crashes would have left it
    for _ in range(2):
        with open_queue(settings) as jobs:
            job = settled(jobs, job_id)
            assert job.state == JobState.FAILED
            assert f"ended {_MAX_ATTEMPTS} times" in str(job.problem)
            assert jobs.all() == [job]
            assert (job.folder / job.media).is_file()
    with open_queue(settings) as jobs:
        jobs.delete(job_id)
        assert jobs.all() == []


def test_an_attempt_that_the_process_did_not_survive_counts(
    slow_work: SlowWork, tmp_path: Path
) -> None:
    """It is in the record as long as the work runs."""
    with open_queue(settings_in(tmp_path)) as jobs:
        job_id = submit(jobs, tmp_path / "data")
        assert slow_work.started.wait()
        record = read_record(jobs.get(job_id).folder)
        assert isinstance(record, JobRecord)
        assert record.attempts == {"analysis": 1}


@pytest.mark.release
def test_a_service_restarted_more_often_than_the_limit_finishes_its_job(
    start: Start, long_clip: Path
) -> None:
    """With a real service and a real analysis; its progress never runs backwards."""
    server = start()
    job_id = server.submit(long_clip)
    seen = 0
    for _ in range(RESTARTS):
        wait_for(lambda: server.job(job_id)["status"] == "processing")
        job = server.job(job_id)
        assert job["frames_done"] >= seen
        seen = job["frames_done"]
        assert server.stop() == 0
        server.start(ready=False)
        wait_for(lambda: server.http.get("/api/v1/videos").status_code == 200)
    done = server.finished(job_id)
    assert (done["status"], done["frames_done"] >= seen) == ("done", True)
