"""How two aligned performances differ: in time, and in pose."""

import numpy as np
from numpy.typing import NDArray

from shared_features.alignment.alignment import Alignment
from shared_features.features.angles import ANGLES
from shared_features.landmarks.landmarks import LANDMARK_INDEX, LandmarkTrack

FloatArray = NDArray[np.float64]

# Elbows, shoulders, hips and knees.
_JOINTS = [
    tuple(LANDMARK_INDEX[point] for point in points)
    for points in ANGLES.values()
    if all(point in LANDMARK_INDEX for point in points)
]


def late_s(alignment: Alignment, times_s: FloatArray, since_s: float) -> FloatArray:
    """How much later the target reaches moments of the reference, counted from one of them.

    Args:
        alignment: Alignment of the two.
        times_s: ``(k,)`` moments of the reference in seconds.
        since_s: The moment of the reference from which both clocks run.

    Returns:
        ``(k,)`` seconds, negative where the target is early; NaN where it has no such moment.
    """
    elapsed = alignment.at(times_s) - alignment.at(since_s)
    return np.asarray(elapsed - (times_s - since_s))


def pose_difference_deg(
    reference: LandmarkTrack, target: LandmarkTrack, alignment: Alignment, times_s: FloatArray
) -> FloatArray:
    """``(k,)`` mean difference in degrees of eight joint angles at moments of the reference.

    The angles of elbows, shoulders, hips and knees are measured in three dimensions, so that the
    two recordings may show the performers from different sides. NaN where a person is missing.
    """
    target = target.mirrored() if alignment.mirrored else target
    ours = _sampled(reference.pts_s, _angles_deg(reference), times_s)
    theirs = _sampled(target.pts_s, _angles_deg(target), alignment.at(times_s))
    return np.asarray(np.abs(ours - theirs).mean(axis=1))


def _angles_deg(track: LandmarkTrack) -> FloatArray:
    first, vertex, last = (list(indices) for indices in zip(*_JOINTS, strict=True))
    world = track.world.astype(np.float64)
    u, v = world[:, first] - world[:, vertex], world[:, last] - world[:, vertex]
    sine = np.linalg.norm(np.cross(u, v), axis=2)
    return np.asarray(np.degrees(np.arctan2(sine, (u * v).sum(axis=2))))


def _sampled(pts_s: FloatArray, values: FloatArray, times_s: FloatArray) -> FloatArray:
    """Rows of ``values`` at the frames nearest to times; NaN at times that are NaN."""
    known = np.isfinite(times_s)
    middles = (pts_s[1:] + pts_s[:-1]) / 2
    result = np.full((len(times_s), values.shape[1]), np.nan)
    result[known] = values[np.searchsorted(middles, times_s[known])]
    return result
