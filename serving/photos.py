"""Landmarks of photos, found off the event loop in worker processes."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import BusyError
from serving.observability.metrics import Metrics
from shared_features.errors import MediaError, WorkerDiedError, WorkerTimeoutError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.media.photos import read_photo
from shared_features.params import SharedParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import photo_track
from shared_features.runtime.worker_pool import WorkerPool

_RETRY_AFTER_S = 2
# Large enough for the detector to run, small enough to be quick.
_WARM_UP_SHAPE = (256, 256, 3)
# Replacing a process costs a second of a core; an abandoned photo that is nearly done costs less.
_ABANDON_AFTER_S = 1.0


class PhotoReader:
    """Finds the landmarks of photos; lives in a worker process.

    Args:
        params: Limits and pose settings.

    Raises:
        PoseAssetError: The pose model file is missing or damaged.
    """

    def __init__(self, params: SharedParams) -> None:
        self._params = params
        self._estimator = self._fresh_estimator()

    def warm_up(self) -> None:
        """Run the networks on an empty image, so that the first photo is quick."""
        self._estimator.people(np.zeros(_WARM_UP_SHAPE, np.uint8))

    def track(self, path: Path, source: str) -> LandmarkTrack:
        """The landmarks of a photo, as a track of one frame.

        Raises:
            MediaError: The file is not a readable photo within the limits.
        """
        frame = read_photo(path, self._params.media)
        try:
            return photo_track(source, frame, self._estimator, self._params.pose)
        except Exception:
            # MediaPipe's graph may not recover from an error; the next photo gets a new estimator.
            self._estimator.close()
            self._estimator = self._fresh_estimator()
            raise

    def _fresh_estimator(self) -> PoseEstimator:
        pose = self._params.pose
        model_path = model_asset.resolve(pose.model_path, pose.network)
        return PoseEstimator(model_path, "photo", pose.max_people, pose)


class PhotoWorkers:
    """Processes a limited number of photos at a time.

    Args:
        params: Limits and pose settings.
        workers: Number of photos processed in parallel.
        max_waiting: Number of further photos that may wait.
        timeout_s: Longest time that one photo may take.
        metrics: Where photos are counted.
    """

    def __init__(
        self,
        params: SharedParams,
        workers: int,
        max_waiting: int,
        timeout_s: float,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._capacity = workers + max_waiting
        self._timeout_s = timeout_s
        self._in_flight = 0
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="photo")
        self._pool = WorkerPool(PhotoReader, params)

    async def track(self, path: Path, source: str) -> LandmarkTrack:
        """Find the landmarks of a photo; returns a track of one frame.

        A caller that is cancelled gives the photo up: it is not processed any further.

        Raises:
            BusyError: Too many photos are waiting.
            MediaError: The file is not a readable photo within the limits, or took its process
                down.
            PoseAssetError: The pose model file is missing or damaged.
        """
        try:
            track: LandmarkTrack = await self._call("track", path, source)
        except BusyError:
            self._count("busy")
            raise
        except MediaError:
            self._count("unreadable")
            raise
        except WorkerTimeoutError as error:
            self._count("timed_out")
            raise MediaError(
                f"{path.name} was given up: it took longer than {self._timeout_s:g} s "
                "(`serving.photo_timeout_s` in params.yaml). Save it again as an ordinary JPEG."
            ) from error
        except WorkerDiedError as error:
            self._count("crashed")
            raise MediaError(
                f"{path.name} crashed the process that read it, and no other photo was affected. "
                f"{error} Save it again as an ordinary JPEG."
            ) from error
        self._count("processed")
        return track

    def _count(self, outcome: str) -> None:
        self._metrics.photos.labels(outcome).inc()

    async def warm_up(self) -> None:
        """Start a process and load its networks, so that the first photo is quick.

        Raises:
            PoseAssetError: The pose model file is missing or damaged.
        """
        await self._call("warm_up")

    def close(self) -> None:
        """Finish running photos, drop waiting ones and end the processes."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._pool.close()

    async def _call(self, method: str, *arguments: object) -> Any:
        # Only the event loop changes the counter, so it needs no lock.
        if self._in_flight >= self._capacity:
            raise BusyError(
                f"The service is busy: {self._in_flight} photos are being processed or waiting. "
                "Send the photo again in a moment.",
                _RETRY_AFTER_S,
            )
        self._in_flight += 1
        abandoned = threading.Event()
        future = self._threads.submit(self._call_worker, abandoned, method, *arguments)
        future.add_done_callback(self._count_down_from(asyncio.get_running_loop()))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            abandoned.set()
            raise

    def _call_worker(self, abandoned: threading.Event, method: str, *arguments: object) -> Any:
        began_s = time.monotonic()

        def check() -> None:
            if abandoned.is_set() and time.monotonic() - began_s > _ABANDON_AFTER_S:
                raise WorkerTimeoutError("The client has gone.")

        with self._pool.worker() as worker:
            worker.wait_until_ready()  # starting the process is not the photo's fault
            return worker.call(method, *arguments, timeout_s=self._timeout_s, check=check)

    def _count_down_from(self, loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
        def count_down() -> None:
            self._in_flight -= 1

        def done(_: object) -> None:
            # A photo counts until its thread is free, even if its request was cancelled.
            # Without a loop, the service is shutting down.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(count_down)

        return done
