"""Fresh trackers for live sessions, loaded ahead of time.

A tracker belongs to one session, since it remembers whom it followed. Loading its networks takes a
tenth of a second of a core, so a spare one is loaded before it is needed.
"""

from concurrent.futures import Future, ThreadPoolExecutor

from shared_features.params import PoseParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator


def fresh_tracker(pose: PoseParams) -> PoseEstimator:
    """A tracker that has seen no frame yet.

    Raises:
        PoseAssetError: The pose model cannot be used.
    """
    people = 1 if pose.person_policy == "followed" else pose.max_people
    return PoseEstimator(model_asset.resolve(pose.model_path), "video", people, pose)


class SpareTracker:
    """Keeps one tracker ready for the next session. Use it from one thread; no call blocks.

    Args:
        pose: Pose settings.
    """

    def __init__(self, pose: PoseParams) -> None:
        self._pose = pose
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="live-trackers")
        self._next: Future[PoseEstimator] | None = None

    def prepare(self) -> Future[PoseEstimator]:
        """Start to load a tracker unless there is one; returns it as a future."""
        if self._next is None:
            self._next = self._maker.submit(fresh_tracker, self._pose)
        return self._next

    def take(self) -> Future[PoseEstimator]:
        """Take the tracker, ready or still loading; the caller has to close it."""
        taken, self._next = self.prepare(), None
        return taken

    def close(self) -> None:
        """Close the tracker that was not taken."""
        self._maker.shutdown()
        if self._next is not None:
            free(self._next)


def free(tracker: Future[PoseEstimator]) -> None:
    """Close a tracker, unless loading it was cancelled or failed."""
    if not tracker.cancelled() and tracker.exception() is None:
        tracker.result().close()
