"""Which frames of a video the pose network runs on, and what the landmarks of the others are.

The network runs on every frame unless less work is asked for: on at most ``pose.max_fps`` frames
per second, and on at most ``pose.still_fps`` while the performer keeps still. A frame skipped for
``max_fps`` is not even converted to RGB. The landmarks of a frame without inference are
interpolated linearly in time between the frames with inference before and after it; where no one
was found in one of these, they are those of the frame before.

The network always runs on the first and last frame of a chunk and on the first warm-up frame of the
next one, and stillness never counts while the next chunk's tracker warms up. The landmarks of a
chunk therefore depend on nothing else, and are the same in whatever order chunks are tracked.
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

# The performer is still when, for this long ...
_STILL_S = 0.25
# ... no joint was farther from where it is now than this fraction of the body's larger side.
_STILL_MOTION = 0.04
_JOINTS = [
    LANDMARK_INDEX[f"{side}_{joint}"]
    for side in ("LEFT", "RIGHT")
    for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
]
# Timestamps are sums of a file's ticks, so a frame that is due may be early by a rounding error.
_ROUNDING = 1e-3


@dataclass(frozen=True)
class SkippedFrame:
    """A frame that the pose network does not run on.

    Attributes:
        index: Position in the recording, first frame 0.
        pts_s: Presentation time in seconds, first frame 0.
    """

    index: int
    pts_s: float


def sample_frames(frames: Iterable[Frame], pose: PoseParams) -> Iterator[Frame | SkippedFrame]:
    """Convert the frames that ``pose.max_fps`` keeps, and skip the others.

    Args:
        frames: Consecutive frames, beginning with the first one that a tracker sees.
        pose: Pose settings.
    """
    always = {0, pose.chunk_frames - pose.warmup_frames, pose.chunk_frames - 1}
    previous_slot = -1
    for frame in frames:
        slot = frame.index
        if pose.max_fps is not None:
            slot = math.floor(frame.pts_s * pose.max_fps + _ROUNDING)
        if slot != previous_slot or frame.index % pose.chunk_frames in always:
            yield frame.converted()
        else:
            yield SkippedFrame(frame.index, frame.pts_s)
        previous_slot = slot


class Stillness:
    """Decides when the next inference is due for a performer who keeps still.

    Args:
        fps: Inferences per second that are enough while the performer is still. None: every frame
            is due.
    """

    def __init__(self, fps: float | None) -> None:
        self._pause_s = None if fps is None else 1 / fps - _ROUNDING
        self._recent: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._is_still = False

    def is_due(self, pts_s: float) -> bool:
        """Whether the network has to run on the frame at this time."""
        if self._pause_s is None or not self._is_still:
            return True
        return pts_s >= self._recent[-1][0] + self._pause_s

    def record(self, pts_s: float, person: Person | None, size: tuple[int, int]) -> None:
        """Record the result of an inference.

        Args:
            pts_s: Time of the frame.
            person: The person found, if any.
            size: Height and width of the frame.
        """
        if self._pause_s is None:
            return
        if person is None:
            self._recent.clear()
            self._is_still = False
            return
        height, width = size
        points = person.image[:, :2] * np.array([width, height], dtype=np.float32)
        joints = points[_JOINTS]
        while len(self._recent) > 1 and self._recent[1][0] <= pts_s - _STILL_S:
            self._recent.popleft()
        limit = _STILL_MOTION * float(np.ptp(points, axis=0).max())
        self._is_still = bool(self._recent) and self._recent[0][0] <= pts_s - _STILL_S + _ROUNDING
        for _, earlier in self._recent:
            self._is_still &= float(np.hypot(*(joints - earlier).T).max()) <= limit
        self._recent.append((pts_s, joints))


def fill_skipped(
    pts_s: NDArray[np.float64], inferred: NDArray[np.bool_], *tables: FloatArray
) -> None:
    """Interpolate the landmarks of frames without inference, in place.

    Args:
        pts_s: ``(n,)`` times in seconds.
        inferred: ``(n,)`` whether the network ran on a frame; true for the first one.
        tables: ``(n, …)`` landmarks, NaN where no one was found.
    """
    if inferred.all():
        return
    known = np.flatnonzero(inferred)
    skipped = np.flatnonzero(~inferred)
    position = np.searchsorted(known, skipped) - 1
    before, after = known[position], known[np.minimum(position + 1, len(known) - 1)]
    span_s = pts_s[after] - pts_s[before]
    # After the last inference there is no other one to interpolate towards: the weight is 0.
    share = np.divide(
        pts_s[skipped] - pts_s[before], span_s, out=np.zeros(len(skipped)), where=span_s > 0
    )
    for table in tables:
        weight = share.reshape(-1, *(1,) * (table.ndim - 1)).astype(np.float32)
        start, end = table[before], table[after]
        table[skipped] = np.where(np.isnan(end), start, start + weight * (end - start))
