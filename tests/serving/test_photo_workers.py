"""A photo that takes its process down, or too long, costs its own request only."""

import asyncio
import os
from pathlib import Path

import pytest
from PIL import Image

from serving import photos
from serving.errors import BusyError
from serving.observability.metrics import Metrics
from serving.photos import PhotoReader, PhotoWorkers
from shared_features.errors import MediaError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.params import SharedParams
from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("pose_model")


class FragileReader(PhotoReader):
    """Crashes or hangs when a photo's name says so, as a native decoder might."""

    def track(self, path: Path, source: str) -> LandmarkTrack:
        if path.stem == "crash":
            os.abort()
        if path.stem == "hang":
            path.with_name("reached").touch()
            wait_for(lambda: False)
        return super().track(path, source)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(photos, "PhotoReader", FragileReader)
    for name in ("crash", "hang", "good"):
        Image.new("RGB", (64, 48)).save(tmp_path / f"{name}.png")
    return tmp_path


async def tracked(workers: PhotoWorkers, path: Path) -> LandmarkTrack:
    return await workers.track(path, path.name)


def test_a_crash_is_a_message_and_the_next_photo_is_fine(
    folder: Path, shared_params: SharedParams
) -> None:
    """Two at a time: the one beside it is not affected either."""

    async def scenario() -> list[LandmarkTrack | BaseException]:
        names = ("good", "crash", "good", "crash", "good")
        return await asyncio.gather(
            *(tracked(workers, folder / f"{name}.png") for name in names), return_exceptions=True
        )

    workers = PhotoWorkers(shared_params, 2, 3, 60, Metrics())
    try:
        found = asyncio.run(scenario())
    finally:
        workers.close()
    assert [isinstance(one, MediaError) for one in found] == [False, True, False, True, False]
    assert "crash.png crashed" in str(found[1])


def test_a_photo_that_takes_too_long_is_given_up(folder: Path, shared_params: SharedParams) -> None:
    """Its process is ended, and the next photo has another one."""

    async def scenario() -> LandmarkTrack:
        with pytest.raises(MediaError, match=r"hang\.png was given up"):
            await tracked(workers, folder / "hang.png")
        return await tracked(workers, folder / "good.png")

    workers = PhotoWorkers(shared_params, 1, 0, 5, Metrics())
    try:
        assert len(asyncio.run(scenario())) == 1
    finally:
        workers.close()


def test_a_photo_whose_client_has_gone_is_given_up(
    folder: Path, shared_params: SharedParams
) -> None:
    """Its place is free again long before its time is over."""

    async def scenario() -> LandmarkTrack:
        waiting = asyncio.create_task(tracked(workers, folder / "hang.png"))
        await asyncio.to_thread(wait_for, (folder / "reached").exists)
        with pytest.raises(BusyError):
            await tracked(workers, folder / "good.png")
        waiting.cancel()
        while True:
            try:
                return await tracked(workers, folder / "good.png")
            except BusyError:
                await asyncio.sleep(0.01)

    workers = PhotoWorkers(shared_params, 1, 0, 3600, Metrics())
    try:
        assert len(asyncio.run(scenario())) == 1
    finally:
        workers.close()
