"""An overlay that failed is drawn again on request; one that is being drawn is left alone."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.errors import ConflictError
from serving.jobs import OverlayState
from tests.serving.jobs.instant import (
    draw_at_once,
    open_queue,
    replace_work,
    settings_in,
    settled,
    submit,
)


class Drawing:
    """Fails at first; afterwards waits until it may end, and succeeds."""

    def __init__(self) -> None:
        self.times = 0
        self.started, self.may_end = threading.Event(), threading.Event()

    def __call__(self, _: object, folder: Path, *__: object) -> str | None:
        self.times += 1
        if self.times == 1:
            return "The pen broke."
        self.started.set()
        assert self.may_end.wait(60)
        return draw_at_once(_, folder)


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drawing]:
    drawing = Drawing()
    replace_work(monkeypatch, draw=drawing)
    yield drawing
    drawing.may_end.set()


def test_a_failed_overlay_is_drawn_again_when_asked(drawing: Drawing, tmp_path: Path) -> None:
    """Asked twice, it is drawn once; when it is ready, it can be drawn again, too."""
    with open_queue(settings_in(tmp_path)) as jobs:
        job_id = submit(jobs, tmp_path / "data")
        overlay = settled(jobs, job_id).overlay
        assert overlay is not None
        assert (overlay.state, overlay.problem) == (OverlayState.FAILED, "The pen broke.")
        again = jobs.redraw(job_id).overlay
        assert again is not None
        assert again.state in (OverlayState.WAITING, OverlayState.RENDERING)
        assert drawing.started.wait(60)
        with pytest.raises(ConflictError, match="drawn already"):
            jobs.redraw(job_id)
        drawing.may_end.set()
        overlay = settled(jobs, job_id).overlay
        assert overlay is not None
        assert overlay.state == OverlayState.READY
        jobs.redraw(job_id)
        settled(jobs, job_id)
        assert drawing.times == 3
        failed = submit(jobs, tmp_path / "data", b"no video")
        settled(jobs, failed)
        with pytest.raises(ConflictError, match="analysis failed"):
            jobs.redraw(failed)
