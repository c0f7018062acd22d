"""From the landmarks of a clip, a hold or a repetition to the array that a sequence model takes."""

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import TrackError
from shared_features.landmarks.landmarks import LANDMARK_COUNT, VISIBILITY, LandmarkTrack
from shared_features.sequence.glitches import without_glitches
from shared_features.sequence.layout import LANDMARK_DIMS, SequenceArray, SequenceSpec, joined
from shared_features.sequence.normalisation import normalised
from shared_features.sequence.sampling import sampled

FloatArray = NDArray[np.float64]


def clip_sequence(
    track: LandmarkTrack, spec: SequenceSpec, start_s: float = 0.0, end_s: float = np.inf
) -> SequenceArray:
    """The frames of a track from ``start_s`` to ``end_s``, both included, as ``(n, 133)`` float32.

    A clip of fewer frames than steps is interpolated; a clip without a person is all zeros.

    Raises:
        TrackError: The track has no frame in that time.
    """
    inside = (track.pts_s >= start_s) & (track.pts_s <= end_s)
    if not inside.any():
        whole = f"{track.pts_s[0]:.2f} to {track.pts_s[-1]:.2f} s" if len(track) else "nothing"
        raise TrackError(
            f"{track.source} has no frame from {start_s:.2f} to {end_s:.2f} s; it has {whole}. "
            "Give times within the recording."
        )
    return points_sequence(track.pts_s[inside], square_points(track)[inside], spec)


def points_sequence(pts_s: FloatArray, points: FloatArray, spec: SequenceSpec) -> SequenceArray:
    """A sequence ``(n, 133)`` float32 from the landmarks of any source.

    Args:
        pts_s: ``(n,)`` times in seconds, rising; n ≥ 1.
        points: ``(n, 33, 4)``: x to the right, y down, z away from the camera in one unit, and
            visibility; NaN where a landmark is missing.
        spec: How many steps, and what is done to the landmarks.

    Raises:
        TrackError: The arrays do not have these shapes, or a time is not after the one before.
    """
    problems = []
    if points.shape != (len(pts_s), LANDMARK_COUNT, LANDMARK_DIMS) or not len(pts_s):
        problems.append(
            f"points have shape {points.shape} and times {pts_s.shape}, expected "
            f"(n, {LANDMARK_COUNT}, {LANDMARK_DIMS}) and (n,)"
        )
    if not np.isfinite(pts_s).all() or (np.diff(pts_s) <= 0).any():
        problems.append("times must be finite and rise from frame to frame")
    if problems:
        raise TrackError(f"These landmarks are not a clip: {'; '.join(problems)}.")
    points = points.astype(np.float64)
    if spec.glitch_threshold is not None:
        points = without_glitches(points, spec.glitch_threshold)
    steps, valid = sampled(pts_s, points, spec.num_frames)
    return joined(normalised(steps, spec.rotate), valid)


def square_points(track: LandmarkTrack) -> FloatArray:
    """The landmarks of a track as ``(n, 33, 4)``: x, y, z in frame heights, and visibility."""
    points = track.image[..., : VISIBILITY + 1].astype(np.float64)
    points[..., 0] *= track.aspect
    points[..., 2] *= track.aspect  # z has the scale of x
    return points
