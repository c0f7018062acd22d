"""Blocking file work leaves the event loop free and is finished even if a request is cancelled."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from serving.app import create_app
from serving.http.off_loop import off_loop
from serving.model.engine import Engine
from serving.settings import load_settings
from serving.storage.data_dir import DataDir
from tests.serving.server import PATIENCE_S, write_params


class Steps:
    """A blocking context manager that stops at each step until it is let through."""

    def __init__(self) -> None:
        self.entering, self.may_enter = threading.Event(), threading.Event()
        self.leaving, self.may_leave = threading.Event(), threading.Event()
        self.left = threading.Event()

    @contextmanager
    def manager(self) -> Iterator[str]:
        self.entering.set()
        assert self.may_enter.wait(PATIENCE_S)
        try:
            yield "value"
        finally:
            self.leaving.set()
            assert self.may_leave.wait(PATIENCE_S)
            self.left.set()


async def until(event: threading.Event) -> None:
    """Wait for another thread; that this returns shows that the event loop runs meanwhile."""
    async with asyncio.timeout(PATIENCE_S):
        while not event.is_set():
            await asyncio.sleep(0)


async def use(steps: Steps, inside: asyncio.Event) -> str:
    async with off_loop(steps.manager()) as value:
        inside.set()
        return value


def test_the_loop_runs_while_the_manager_blocks() -> None:
    """Entering and leaving happen on worker threads."""

    async def main() -> None:
        steps = Steps()
        request = asyncio.create_task(use(steps, asyncio.Event()))
        await until(steps.entering)
        steps.may_enter.set()
        await until(steps.leaving)
        assert not request.done()
        steps.may_leave.set()
        assert await request == "value"
        assert steps.left.is_set()

    asyncio.run(main())


@pytest.mark.parametrize("moment", ["entering", "leaving"])
def test_a_cancelled_request_still_leaves(moment: str) -> None:
    """Whether it is cancelled while entering or while leaving, what was made is removed."""

    async def main() -> None:
        steps = Steps()
        inside = asyncio.Event()
        request = asyncio.create_task(use(steps, inside))
        await until(steps.entering)
        if moment == "leaving":
            steps.may_enter.set()
            await until(steps.leaving)
        request.cancel()
        steps.may_enter.set()
        steps.may_leave.set()
        with pytest.raises(asyncio.CancelledError):
            await request
        await until(steps.left)
        assert inside.is_set() == (moment == "leaving")

    asyncio.run(main())


def test_a_manager_that_cannot_be_entered_is_not_left() -> None:
    """Its error reaches the route."""

    @contextmanager
    def full() -> Iterator[None]:
        raise OSError("no room")
        yield

    async def main() -> None:
        with pytest.raises(OSError, match="no room"):
            async with off_loop(full()):
                pytest.fail("entered")

    asyncio.run(main())


def test_health_is_reported_while_an_upload_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removing a broken upload of gigabytes takes seconds; other requests do not wait for it."""
    removing, may_remove = threading.Event(), threading.Event()
    rmtree = shutil.rmtree

    def slow_rmtree(path: Path, ignore_errors: bool = False) -> None:
        removing.set()
        assert may_remove.wait(PATIENCE_S)
        rmtree(path, ignore_errors=ignore_errors)

    async def main(data_dir: DataDir) -> None:
        app = create_app(load_settings(write_params(tmp_path, tmp_path / "none.onnx")), data_dir)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            form_type = {"Content-Type": "multipart/form-data; boundary=edge"}
            broken = client.post("/api/v1/photos", content=b"broken", headers=form_type)
            upload = asyncio.create_task(broken)
            await until(removing)
            assert (await client.get("/health/live")).status_code == 200
            assert not upload.done()
            may_remove.set()
            assert (await upload).status_code == 400
        assert not list(data_dir.uploads.iterdir())

    monkeypatch.setattr(Engine, "classifier", lambda _: None)
    with DataDir(tmp_path / "data") as data_dir:
        monkeypatch.setattr(shutil, "rmtree", slow_rmtree)
        asyncio.run(main(data_dir))
