"""The queue's database: what is stored survives, what is deleted leaves no trace."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serving.errors import NotReadyError
from serving.jobs.database.known import known_jobs
from serving.jobs.database.stored import JobInput
from serving.jobs.database.workflows import Workflows
from tests.serving.server import PATIENCE_S, Server

JOB_ID = "0123456789abcdef" * 2
GIVEN = JobInput("file.mp4", "routine.mp4", 1_700_000_000.0)


class Work:
    """Work that waits until it may end."""

    def __init__(self, outcome: str | None = None) -> None:
        self.outcome = outcome
        self.started, self.may_end = threading.Event(), threading.Event()
        self.given: list[tuple[str, JobInput]] = []

    def __call__(self, job_id: str, given: JobInput) -> str | None:
        self.given.append((job_id, given))
        self.started.set()
        assert self.may_end.wait(PATIENCE_S)
        return self.outcome


@contextmanager
def opened(path: Path, analysis: Work, overlay: Work) -> Iterator[Workflows]:
    workflows = Workflows(
        f"sqlite:///{path / 'queue.sqlite'}",
        "here",
        workers={"analysis": 1, "overlay": 1},
        run={"analysis": analysis, "overlay": overlay},
    )
    try:
        yield workflows
    finally:
        analysis.may_end.set()
        overlay.may_end.set()
        workflows.close()


def test_an_overlay_follows_a_successful_analysis(tmp_path: Path) -> None:
    """Each gets the job's input; the states of both are one query away."""
    analysis, overlay = Work(), Work("no font")
    with opened(tmp_path, analysis, overlay) as workflows:
        workflows.add("analysis", JOB_ID, GIVEN)
        assert analysis.started.wait(PATIENCE_S)
        assert {kind: w.state for kind, w in workflows.of_job(JOB_ID).items()} == {
            "analysis": "running"
        }
        assert workflows.count_waiting() == 0
        analysis.may_end.set()
        overlay.may_end.set()
        Server.wait_for(
            lambda: [w.state for w in workflows.of_job(JOB_ID).values()] == ["ended"] * 2
        )
        found = workflows.of_job(JOB_ID)
        assert (found["analysis"].outcome, found["overlay"].outcome) == (None, "no font")
        assert analysis.given == overlay.given == [(JOB_ID, GIVEN)]
        assert workflows.all() == [found]


def test_a_failed_analysis_has_no_overlay(tmp_path: Path) -> None:
    """There is nothing to draw."""
    analysis, overlay = Work("not a video"), Work()
    analysis.may_end.set()
    with opened(tmp_path, analysis, overlay) as workflows:
        workflows.add("analysis", JOB_ID, GIVEN)
        Server.wait_for(lambda: workflows.of_job(JOB_ID)["analysis"].state == "ended")
        assert set(workflows.of_job(JOB_ID)) == {"analysis"}
    assert not overlay.given


@pytest.mark.parametrize("name", ["analyse_video", "render_overlay"])
def test_the_stored_names_stay(tmp_path: Path, name: str) -> None:
    """Jobs of earlier versions are found under these names."""
    import sqlite3

    analysis, overlay = Work(), Work()
    analysis.may_end.set()
    with opened(tmp_path, analysis, overlay) as workflows:
        workflows.add("analysis", JOB_ID, GIVEN)
        assert overlay.started.wait(PATIENCE_S)
    with sqlite3.connect(tmp_path / "queue.sqlite") as database:
        stored = database.execute("SELECT name FROM workflow_status").fetchall()
    assert (name,) in stored


def test_a_job_deleted_while_it_runs_is_not_complained_about(tmp_path: Path) -> None:
    """DBOS warns that its outcome has nowhere to go; the service's log is spared that."""
    emitted: list[str] = []
    logged: list[str] = []

    def spy(record: logging.LogRecord) -> bool:
        emitted.append(record.getMessage())
        return True

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(record.getMessage())

    logger, handler = logging.getLogger("dbos"), Handler()
    logger.addFilter(spy)  # runs before the filter of the workflows, which are opened later
    logger.addHandler(handler)
    analysis, overlay = Work("deleted"), Work()
    try:
        with opened(tmp_path, analysis, overlay) as workflows:
            workflows.add("analysis", JOB_ID, GIVEN)
            assert analysis.started.wait(PATIENCE_S)
            workflows.remove("analysis", JOB_ID)
            assert workflows.of_job(JOB_ID) == {}
            analysis.may_end.set()
            Server.wait_for(lambda: any(JOB_ID in message for message in emitted))
    finally:
        logger.removeFilter(spy)
        logger.removeHandler(handler)
    assert not [message for message in logged if JOB_ID in message], logged


def test_a_database_tells_whose_jobs_it_stores(tmp_path: Path) -> None:
    """Without opening the queues; another service's jobs are not among them."""
    work = Work()
    work.may_end.set()
    with opened(tmp_path, work, work) as workflows:
        workflows.add("analysis", JOB_ID, GIVEN)
        Server.wait_for(lambda: "overlay" in workflows.of_job(JOB_ID))
    url = f"sqlite:///{tmp_path / 'queue.sqlite'}"
    assert known_jobs(url, "here") == {JOB_ID}
    assert known_jobs(url, "elsewhere") == set()
    with pytest.raises(NotReadyError, match="cannot be read"):
        known_jobs(f"sqlite:///{tmp_path / 'none' / 'queue.sqlite'}", "here")
