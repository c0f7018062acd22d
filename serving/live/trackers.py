"""Trackers of live sessions, each in a process of its own; the next one is warmed up ahead of time.

A tracker belongs to one session from its first frame to its last, since it remembers the person it
follows. It decodes what strangers send, and native code may abort on it: in a process of its own,
that costs one frame. Starting a process and loading the networks takes half a second of a core,
which is spent before a session waits for it.
"""

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from serving.live.frame import LiveFrame
from serving.live.image import decode_image
from shared_features.media.frames import RgbArray
from shared_features.params import PoseParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.pose.person_tracker import Tracker, new_tracker
from shared_features.runtime.worker_process import WorkerProcess

# One for the next session, and the one that the last session has just left: sessions that follow
# one another then start no process.
_MAX_SPARES = 2


@dataclass(frozen=True)
class TrackedFrame:
    """The person found in a frame.

    Attributes:
        width: Width of the frame in pixels.
        height: Height of the frame in pixels.
        person: The person whom the policy selects; None if no one was found.
        decode_s: Seconds spent on decoding the image.
        pose_s: Seconds spent on finding the landmarks.
    """

    width: int
    height: int
    person: Person | None
    decode_s: float
    pose_s: float


class FrameTracker:
    """Follows the person in front of one camera.

    Args:
        pose: How landmarks are found.

    Raises:
        PoseAssetError: The pose model cannot be used.
    """

    def __init__(self, pose: PoseParams) -> None:
        self._pose = pose
        self._model_path = model_asset.resolve(pose.model_path, pose.network)
        self._everyone: PoseEstimator | None = None
        self._tracker = self._fresh_tracker()
        self._start_s: float | None = None

    def restart(self) -> None:
        """Forget everyone, for the next session."""
        self._tracker.close()
        self._tracker = self._fresh_tracker()
        self._start_s = None

    def close(self) -> None:
        """Free the networks."""
        self._tracker.close()
        if self._everyone is not None:
            self._everyone.close()

    def track_image(self, frame: LiveFrame, max_pixels: int, max_side_pixels: int) -> TrackedFrame:
        """Decode a frame as it was sent, and find its person.

        Args:
            frame: Taken later than the previous one.
            max_pixels: A larger image is refused.
            max_side_pixels: So is one with a longer side.

        Raises:
            FrameError: The image is too large, damaged or not an image.
        """
        began_s = time.perf_counter()
        rgb = decode_image(frame, max_pixels, max_side_pixels)
        return self.track(rgb, frame.capture_s, time.perf_counter() - began_s)

    def track(self, rgb: RgbArray, time_s: float, decode_s: float = 0.0) -> TrackedFrame:
        """Find the person in a frame.

        Args:
            rgb: ``(height, width, 3)`` uint8, upright, not mirrored.
            time_s: When it was taken, later than the previous frame.
            decode_s: Seconds it took to decode.
        """
        if self._start_s is None:
            self._start_s = time_s
        began_s = time.perf_counter()
        person = self._tracker.track(rgb, time_s - self._start_s)
        height, width = rgb.shape[:2]
        return TrackedFrame(width, height, person, decode_s, time.perf_counter() - began_s)

    def _fresh_tracker(self) -> Tracker:
        return new_tracker(self._model_path, self._pose, self._find_everyone)

    def _find_everyone(self, rgb: RgbArray) -> list[Person]:
        """Everyone in an image. Most sessions never need the networks for it."""
        if self._everyone is None:
            pose = self._pose
            self._everyone = PoseEstimator(self._model_path, "photo", pose.max_people, pose)
        return self._everyone.people(rgb)


class TrackerPool:
    """Keeps worker processes with fresh trackers ready for the next sessions.

    For the event loop, which never waits: everything that takes time happens in a thread.

    Args:
        pose: Pose settings.
    """

    def __init__(self, pose: PoseParams) -> None:
        self._pose = pose
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="live-trackers")
        self._spares: deque[Future[WorkerProcess]] = deque()

    def prepare(self) -> Future[WorkerProcess]:
        """Make sure that a spare tracker is there soon."""
        if not self._spares:
            self._spares.append(self._maker.submit(self._start))
        return self._spares[0]

    def take(self) -> Future[WorkerProcess]:
        """The next spare tracker, once it is ready. Give it back at the end of the session."""
        self.prepare()
        return self._spares.popleft()

    def give_back(self, tracker: Future[WorkerProcess]) -> None:
        """Keep the process for another session; end it if there are spares enough."""
        if len(self._spares) < _MAX_SPARES:
            self._spares.append(self._maker.submit(self._renew, tracker))
        else:
            self._maker.submit(_end, tracker)

    def close(self) -> None:
        """End all processes that are not in use."""
        for spare in self._spares:
            self._maker.submit(_end, spare)
        self._maker.shutdown()

    def _start(self) -> WorkerProcess:
        worker = WorkerProcess(FrameTracker, self._pose)
        try:
            worker.wait_until_ready()
        except BaseException:
            worker.end()
            raise
        return worker

    def _renew(self, tracker: Future[WorkerProcess]) -> WorkerProcess:
        """The same process with a fresh tracker; another one if that process is gone."""
        if tracker.exception() is None and tracker.result().alive:
            tracker.result().call("restart")
            return tracker.result()
        _end(tracker)
        return self._start()


def _end(tracker: Future[WorkerProcess]) -> None:
    if not tracker.cancelled() and tracker.exception() is None:
        tracker.result().end()
