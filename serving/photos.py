"""Landmarks of photos, found off the event loop by a few threads with one estimator each."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from serving.errors import BusyError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.media.photos import read_photo
from shared_features.params import SharedParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import photo_track

T = TypeVar("T")

_RETRY_AFTER_S = 2
# Large enough for the detector to run, small enough to be quick.
_WARM_UP_SHAPE = (256, 256, 3)


class PhotoWorkers:
    """Processes a limited number of photos at a time.

    Args:
        params: Limits and pose estimation settings.
        workers: Number of photos processed in parallel.
        max_waiting: Number of further photos that may wait.
    """

    def __init__(self, params: SharedParams, workers: int, max_waiting: int) -> None:
        self._params = params
        self._capacity = workers + max_waiting
        self._in_flight = 0
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="photo")
        self._own = threading.local()
        self._lock = threading.Lock()
        self._estimators: list[PoseEstimator] = []

    async def track(self, path: Path, source: str) -> LandmarkTrack:
        """Find the landmarks of a photo; returns a track of one frame.

        Raises:
            BusyError: Too many photos are waiting.
            MediaError: The file is not a readable photo within the limits.
            PoseAssetError: The pose model file is missing or damaged.
        """
        return await self._run(lambda: self._track(path, source))

    async def warm_up(self) -> None:
        """Load the networks and run them on an empty image, so that the first photo is quick."""
        await self._run(lambda: self._estimator().people(np.zeros(_WARM_UP_SHAPE, np.uint8)))

    def close(self) -> None:
        """Finish running photos, drop waiting ones and free the networks."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for estimator in self._estimators:
            estimator.close()

    async def _run(self, work: Callable[[], T]) -> T:
        # Only the event loop changes the counter, so it needs no lock.
        if self._in_flight >= self._capacity:
            raise BusyError(
                f"The service is busy: {self._in_flight} photos are being processed or waiting. "
                "Send the photo again in a moment.",
                _RETRY_AFTER_S,
            )
        self._in_flight += 1
        future = self._threads.submit(work)
        future.add_done_callback(self._count_down_from(asyncio.get_running_loop()))
        return await asyncio.wrap_future(future)

    def _count_down_from(self, loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
        def count_down() -> None:
            self._in_flight -= 1

        def done(_: object) -> None:
            # A photo counts until its thread is free, even if its request was cancelled.
            with contextlib.suppress(
                RuntimeError
            ):  # the loop is closed: the service is shutting down
                loop.call_soon_threadsafe(count_down)

        return done

    def _track(self, path: Path, source: str) -> LandmarkTrack:
        frame = read_photo(path, self._params.media)
        try:
            return photo_track(source, frame, self._estimator(), self._params.pose)
        except Exception:
            # MediaPipe's graph may not recover from an error; the next photo gets a new estimator.
            self._own.estimator = None
            raise

    def _estimator(self) -> PoseEstimator:
        """The estimator of the current thread, created on first use."""
        estimator: PoseEstimator | None = getattr(self._own, "estimator", None)
        if estimator is None:
            pose = self._params.pose
            model_path = model_asset.resolve(pose.model_path)
            estimator = PoseEstimator(model_path, "photo", pose.max_people, pose)
            with self._lock:
                self._estimators.append(estimator)
            self._own.estimator = estimator
        return estimator
