"""The moments of a hold that are shown as pictures."""

from typing import Literal, get_args

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
# Share of a hold at either end in which the performer may still be entering or already leaving it.
_MARGIN = 0.2
# Speed is averaged over this long: a single frame without movement does not count as still.
_WINDOW_S = 0.3
# A joint closer to the edge of the frame than this counts as cut off.
_BORDER = 0.01


Moment = Literal["entry", "steadiest", "last"]
MOMENTS: tuple[Moment, ...] = get_args(Moment)


def moment_frames(hold: Segment, routine: Routine, steadiest: int) -> dict[Moment, int]:
    """The frame of each moment of a hold; entry and last are frames with a person, if any is.

    Args:
        hold: One of the routine's holds.
        routine: Routine that says where a person was found.
        steadiest: Index of the hold's steadiest frame.
    """
    seen = hold.first_frame + np.flatnonzero(routine.person[hold.first_frame : hold.last_frame + 1])
    first, last = (seen[0], seen[-1]) if len(seen) else (hold.first_frame, hold.last_frame)
    return {"entry": int(first), "steadiest": steadiest, "last": int(last)}


def steadiest_frame(
    hold: Segment, routine: Routine, points: NDArray[np.float32], aspect: float
) -> int:
    """Index of the frame in which a hold is steadiest: where the joints move least.

    Only the middle three fifths of the hold are considered, and only frames with a person; frames
    in which no joint is cut off come first.

    Args:
        hold: One of the routine's holds.
        routine: Routine with the times of the frames.
        points: ``(n, 33, 3)`` landmarks, smoothed for drawing.
        aspect: Width over height of the upright frames.
    """
    first, last = hold.first_frame, hold.last_frame + 1
    times = routine.pts_s[first:last]
    joints = points[first:last][:, _JOINTS, :2].astype(np.float64)
    seen = ~np.isnan(joints[:, 0, 0])
    margin_s = _MARGIN * hold.duration_s
    central = (times >= hold.start_s + margin_s) & (times <= hold.end_s - margin_s)
    inside = ((joints > _BORDER) & (joints < 1 - _BORDER)).all(axis=(1, 2))
    speed = _speed(joints * (aspect, 1.0), times)
    # The first of these with any frames is searched.
    for candidates in (seen & central & inside, seen & central, seen):
        if candidates.any():
            return first + int(np.where(candidates, speed, np.inf).argmin())
    return (first + last) // 2


def _speed(joints: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)`` mean speed of the joints around each frame, in frame heights per second."""
    if len(times) < 2:
        return np.zeros(len(times))
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=2).mean(axis=1)
    # Frames next to one without a person do not count as still.
    path = np.concatenate([[0.0], np.cumsum(np.nan_to_num(steps, nan=1.0))])
    from_s, to_s = times - _WINDOW_S / 2, times + _WINDOW_S / 2
    travelled = np.interp(to_s, times, path) - np.interp(from_s, times, path)
    span_s = np.clip(to_s, times[0], times[-1]) - np.clip(from_s, times[0], times[-1])
    return np.asarray(travelled / np.maximum(span_s, 1e-6))
