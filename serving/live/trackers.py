"""Fresh trackers for live sessions, the next one made ahead.

A tracker belongs to one session from its first frame to its last, since it remembers whom it
followed; loading its networks takes a tenth of a second of a core, which is spent before anybody
waits for it.
"""

from concurrent.futures import Future, ThreadPoolExecutor

from shared_features.params import PoseParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator


def fresh_tracker(pose: PoseParams) -> PoseEstimator:
    """A tracker that has seen nothing yet.

    Raises:
        PoseAssetError: the pose model cannot be used.
    """
    people = 1 if pose.person_policy == "followed" else pose.max_people
    return PoseEstimator(model_asset.resolve(pose.model_path), "video", people, pose)


class SpareTracker:
    """Keeps a tracker ready for whoever comes next. For one thread, which never waits.

    Args:
        pose: how landmarks are found.
    """

    def __init__(self, pose: PoseParams) -> None:
        self._pose = pose
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="live-trackers")
        self._next: Future[PoseEstimator] | None = None

    def prepare(self) -> Future[PoseEstimator]:
        """See to it that there is one, soon."""
        if self._next is None:
            self._next = self._maker.submit(fresh_tracker, self._pose)
        return self._next

    def take(self) -> Future[PoseEstimator]:
        """The one that is ready, or soon will be; to be closed by whoever takes it."""
        taken, self._next = self.prepare(), None
        return taken

    def close(self) -> None:
        """Free the one that nobody took."""
        self._maker.shutdown()
        if self._next is not None:
            free(self._next)


def free(tracker: Future[PoseEstimator]) -> None:
    """Close a tracker, if it was ever made."""
    if not tracker.cancelled() and tracker.exception() is None:
        tracker.result().close()
