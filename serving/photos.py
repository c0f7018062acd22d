"""Photos to landmarks, off the event loop, on a few threads with an estimator of their own each."""

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
# Large enough for the detector to have something to look at, small enough to take no time.
_WARM_UP_SHAPE = (256, 256, 3)


class PhotoWorkers:
    """A bounded number of photos at a time.

    Args:
        params: limits, and how landmarks are found.
        workers: photos looked at side by side.
        max_waiting: photos that may wait for their turn.
    """

    def __init__(self, params: SharedParams, workers: int, max_waiting: int) -> None:
        self._params = params
        self._room = workers + max_waiting
        self._in_flight = 0
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="photo")
        self._own = threading.local()
        self._lock = threading.Lock()
        self._estimators: list[PoseEstimator] = []

    async def track(self, path: Path, source: str) -> LandmarkTrack:
        """The landmarks of a photo, as a track of one frame.

        Raises:
            BusyError: too many photos are waiting.
            MediaError: the file is not a readable photo within the limits.
            PoseAssetError: the pose model file is missing or damaged.
        """
        return await self._run(lambda: self._track(path, source))

    async def warm_up(self) -> None:
        """Load the networks and look at an empty picture, so that the first photo is quick."""
        await self._run(lambda: self._estimator().people(np.zeros(_WARM_UP_SHAPE, np.uint8)))

    def close(self) -> None:
        """Finish what is running, forget what is waiting, free the networks."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for estimator in self._estimators:
            estimator.close()

    async def _run(self, work: Callable[[], T]) -> T:
        # Only the event loop counts, so counting needs no lock.
        if self._in_flight >= self._room:
            raise BusyError(
                f"{self._in_flight} photos are being looked at or waiting, which is as many as "
                "this service takes at once. Send it again in a moment.",
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
            # A photo counts until its thread is free, also when nobody waits for it any more.
            with contextlib.suppress(RuntimeError):  # the loop is closed: the service has ended
                loop.call_soon_threadsafe(count_down)

        return done

    def _track(self, path: Path, source: str) -> LandmarkTrack:
        frame = read_photo(path, self._params.media)
        try:
            return photo_track(source, frame, self._estimator(), self._params.pose)
        except Exception:
            # MediaPipe's graph may not recover from whatever it was; the next photo gets a new one.
            self._own.estimator = None
            raise

    def _estimator(self) -> PoseEstimator:
        """This thread's own estimator."""
        estimator: PoseEstimator | None = getattr(self._own, "estimator", None)
        if estimator is None:
            pose = self._params.pose
            model_path = model_asset.resolve(pose.model_path)
            estimator = PoseEstimator(model_path, "photo", pose.max_people, pose)
            with self._lock:
                self._estimators.append(estimator)
            self._own.estimator = estimator
        return estimator
