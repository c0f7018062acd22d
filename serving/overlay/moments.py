"""The moment of a hold that its photo is taken at."""

import numpy as np
from numpy.typing import NDArray

from serving.overlay.routine import Routine
from shared_features.classify.timeline import Segment
from shared_features.landmarks.landmarks import LANDMARK_INDEX

# Arms, legs and torso; the face and the fingers jitter more than they move.
_JOINTS = [
    LANDMARK_INDEX[f"{side}_{joint}"]
    for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
    for side in ("LEFT", "RIGHT")
]
# The share of a hold at its beginning, and again at its end, in which it is still being entered or
# already left.
_MARGIN = 0.2
# Speed is averaged over this long, so that one frame without movement is not taken for a still one.
_WINDOW_S = 0.3
# How near to the picture's border a joint counts as cut off.
_BORDER = 0.01


def steadiest_frame(
    hold: Segment, routine: Routine, points: NDArray[np.float32], aspect: float
) -> int:
    """Index of the frame in which a hold is steadiest.

    That is where the joints move least, in the middle three fifths of the hold, with a person, and
    wholly in the picture if the hold has such a moment.

    Args:
        hold: one of the routine's holds.
        routine: gives the times.
        points: ``(n, 33, 3)`` landmarks, smoothed for drawing.
        aspect: width over height of the upright frames.
    """
    first, last = hold.first_frame, hold.last_frame + 1
    times = routine.pts_s[first:last]
    joints = points[first:last][:, _JOINTS, :2].astype(np.float64)
    seen = ~np.isnan(joints[:, 0, 0])
    margin_s = _MARGIN * hold.duration_s
    central = (times >= hold.start_s + margin_s) & (times <= hold.end_s - margin_s)
    inside = ((joints > _BORDER) & (joints < 1 - _BORDER)).all(axis=(1, 2))
    speed = _speed(joints * (aspect, 1.0), times)
    # The first of these that has any frames is searched.
    for candidates in (seen & central & inside, seen & central, seen):
        if candidates.any():
            return first + int(np.where(candidates, speed, np.inf).argmin())
    return (first + last) // 2


def _speed(joints: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)`` mean speed of the joints in picture heights per second, around each frame."""
    if len(times) < 2:
        return np.zeros(len(times))
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=2).mean(axis=1)
    # A frame without a person is no reason to call its neighbours still.
    way = np.concatenate([[0.0], np.cumsum(np.nan_to_num(steps, nan=1.0))])
    from_s, to_s = times - _WINDOW_S / 2, times + _WINDOW_S / 2
    passed = np.interp(to_s, times, way) - np.interp(from_s, times, way)
    span_s = np.clip(to_s, times[0], times[-1]) - np.clip(from_s, times[0], times[-1])
    return np.asarray(passed / np.maximum(span_s, 1e-6))
