"""Which frames of a video the pose network looks at, and what is said of the others.

It looks at all of them, unless less work is asked for: at no more than ``pose.max_fps`` frames of a
second, and at ``pose.still_fps`` of them while the performer keeps still. A frame that is passed
over is not even converted. Its landmarks are those on a straight line, in time, between the looks
before and after; where one of the two saw nobody, they are those of the look before.

The first and last frames of a chunk and the first warm-up frame of the next one are always looked
at, and a performer is never still for a tracker while the next one warms up. So the landmarks of a
chunk depend on nothing else, and are the same in whatever order chunks are tracked.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX, FloatArray
from shared_features.media.frames import Frame
from shared_features.params import PoseParams
from shared_features.pose.estimator import Person

# A performer is still who was where they are for this long ...
_STILL_S = 0.25
# ... no joint further away than this share of the body's larger side.
_STILL_MOTION = 0.04
_JOINTS = [
    LANDMARK_INDEX[f"{side}_{joint}"]
    for side in ("LEFT", "RIGHT")
    for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
]
# Times are sums of a file's ticks: a frame that is due now may be a rounding error early.
_ROUNDING = 1e-3


@dataclass(frozen=True)
class PassedOver:
    """A frame that nobody looks at.

    Attributes:
        index: place in the recording, first frame 0.
        pts_s: presentation time in seconds, first frame 0.
    """

    index: int
    pts_s: float


def frames_due(frames: Iterable[Frame], pose: PoseParams) -> Iterator[Frame | PassedOver]:
    """Convert the frames that ``pose.max_fps`` leaves.

    Args:
        frames: in order, from the first frame that some tracker sees.
        pose: how landmarks are found.
    """
    always = {0, pose.chunk_frames - pose.warmup_frames, pose.chunk_frames - 1}
    slot_before = -1
    for frame in frames:
        slot = frame.index
        if pose.max_fps is not None:
            slot = math.floor(frame.pts_s * pose.max_fps + _ROUNDING)
        if slot != slot_before or frame.index % pose.chunk_frames in always:
            yield frame.converted()
        else:
            yield PassedOver(frame.index, frame.pts_s)
        slot_before = slot


class Stillness:
    """Whether the next look at a performer who keeps still is due.

    Args:
        fps: how many looks a second are enough then; None: every frame is looked at.
    """

    def __init__(self, fps: float | None) -> None:
        self._pause_s = None if fps is None else 1 / fps - _ROUNDING
        self._looks: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._is_still = False

    def is_due(self, pts_s: float) -> bool:
        """Whether a frame of this time has to be looked at."""
        if self._pause_s is None or not self._is_still:
            return True
        return pts_s >= self._looks[-1][0] + self._pause_s

    def looked(self, pts_s: float, person: Person | None, size: tuple[int, int]) -> None:
        """Take note of a look.

        Args:
            pts_s: time of the frame.
            person: who was found.
            size: height and width of the frame.
        """
        if self._pause_s is None:
            return
        if person is None:
            self._looks.clear()
            self._is_still = False
            return
        height, width = size
        points = person.image[:, :2] * np.array([width, height], dtype=np.float32)
        joints = points[_JOINTS]
        while len(self._looks) > 1 and self._looks[1][0] <= pts_s - _STILL_S:
            self._looks.popleft()
        most = _STILL_MOTION * float(np.ptp(points, axis=0).max())
        self._is_still = bool(self._looks) and self._looks[0][0] <= pts_s - _STILL_S + _ROUNDING
        for _, earlier in self._looks:
            self._is_still &= float(np.hypot(*(joints - earlier).T).max()) <= most
        self._looks.append((pts_s, joints))


def fill_between(
    pts_s: NDArray[np.float64], looked: NDArray[np.bool_], *tables: FloatArray
) -> None:
    """Give the frames that were passed over their landmarks.

    Args:
        pts_s: ``(n,)`` times.
        looked: ``(n,)`` whether a frame was looked at; the first one was.
        tables: ``(n, …)`` landmarks, NaN where nobody was found; changed in place.
    """
    if looked.all():
        return
    looks = np.flatnonzero(looked)
    passed = np.flatnonzero(~looked)
    place = np.searchsorted(looks, passed) - 1
    before, after = looks[place], looks[np.minimum(place + 1, len(looks) - 1)]
    span_s = pts_s[after] - pts_s[before]
    # Behind the last look there is no other one: the share of the way is 0.
    share = np.divide(
        pts_s[passed] - pts_s[before], span_s, out=np.zeros(len(passed)), where=span_s > 0
    )
    for table in tables:
        weight = share.reshape(-1, *(1,) * (table.ndim - 1)).astype(np.float32)
        start, end = table[before], table[after]
        table[passed] = np.where(np.isnan(end), start, start + weight * (end - start))
