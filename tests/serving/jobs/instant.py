"""A real queue in this process, whose work takes no time and needs no model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serving.exports.files import ANGLES_FILE, FILE_NAMES
from serving.jobs import Job, JobQueue, JobState, OverlayState
from serving.jobs.work import runner
from serving.model.engine import Engine
from serving.overlay.files import HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE
from serving.settings import Settings, load_settings
from serving.storage.data_dir import DataDir
from tests.serving.server import write_params
from tests.waiting import wait_for


def analyze_at_once(_: object, folder: Path, media: str, *__: object) -> str | None:
    """Succeeds unless the file says that it is no video."""
    if (folder / media).read_bytes() == b"no video":
        return "This is not a video."
    for name in (*FILE_NAMES.values(), ANGLES_FILE):
        (folder / name).write_text("{}")
    return None


def draw_at_once(_: object, folder: Path, *__: object) -> str | None:
    for name in (OVERLAY_FILE, SUMMARY_FILE):
        (folder / name).write_bytes(b"drawn")
    (folder / HOLDS_FILE).write_text("[]")
    return None


def replace_work(
    patch: pytest.MonkeyPatch,
    analyze: Callable[..., str | None] = analyze_at_once,
    draw: Callable[..., str | None] = draw_at_once,
) -> None:
    """Let the queues of this process do this work instead of their own."""
    patch.setattr(runner, "analyze_job", analyze)
    patch.setattr(runner, "draw_job", draw)


@pytest.fixture(scope="module")
def instant_work() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        replace_work(patch)
        yield patch


def settings_in(folder: Path) -> Settings:
    return load_settings(write_params(folder, folder / "none.onnx"))


@contextmanager
def open_queue(settings: Settings) -> Iterator[JobQueue]:
    """The queue of a data folder, until it is stopped as by an orderly shutdown."""
    with DataDir(settings.serving.data_dir, settings.serving.min_free_bytes) as data_dir:
        jobs = JobQueue(settings, data_dir, Engine(settings))
        jobs.start()
        assert jobs.problem is None
        try:
            yield jobs
        finally:
            jobs.stop()


def submit(jobs: JobQueue, data_dir: Path, content: bytes = b"a video", name: str = "a.mp4") -> str:
    folder = data_dir / "uploads" / "received"
    folder.mkdir()
    (folder / "file-as-received.mp4").write_bytes(content)
    return jobs.submit(folder, "file-as-received.mp4", name).id


def settled(jobs: JobQueue, job_id: str) -> Job:
    """Wait until a job has failed, or is done and drawn or not to be drawn."""

    def is_settled() -> bool:
        job = jobs.get(job_id)
        if job.overlay is None:
            return job.state == JobState.FAILED
        return job.overlay.state in (OverlayState.READY, OverlayState.FAILED)

    wait_for(is_settled)
    return jobs.get(job_id)
