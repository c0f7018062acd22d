"""Landmarks at moments that are spread evenly over the time of a clip."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def sampled(
    pts_s: FloatArray, points: FloatArray, num_frames: int
) -> tuple[FloatArray, FloatArray]:
    """Points at ``num_frames`` moments from the first frame to the last, and their validity.

    Between frames, and across frames in which a landmark is missing, values are interpolated
    linearly in time; before its first and after its last sighting, a landmark keeps still.

    Args:
        pts_s: ``(n,)`` rising times; n ≥ 1.
        points: ``(n, landmarks, channels)``; NaN where a landmark is missing.
        num_frames: Number of moments.

    Returns:
        ``(num_frames, landmarks, channels)``, NaN only for landmarks that are missing throughout;
        and ``(num_frames,)``, 1 where the frames on both sides of the moment have any landmark.
    """
    times = np.linspace(pts_s[0], pts_s[-1], num_frames)
    known: NDArray[np.bool_] = np.asarray(~np.isnan(points).any(axis=2))
    result = np.full((num_frames, *points.shape[1:]), np.nan)
    # Usually all landmarks are missing in the same frames: those without a person.
    masks, of_landmark = np.unique(known, axis=1, return_inverse=True)
    for number, mask in enumerate(masks.T):
        if mask.any():
            chosen = of_landmark == number
            result[:, chosen] = _interpolated(pts_s[mask], points[mask][:, chosen], times)
    before, after, _ = _neighbours(pts_s, times)
    person: NDArray[np.bool_] = np.asarray(known.any(axis=1))
    return result, (person[before] & person[after]).astype(np.float64)


def _interpolated(pts_s: FloatArray, values: FloatArray, times: FloatArray) -> FloatArray:
    before, after, share = _neighbours(pts_s, times)
    share = share[:, np.newaxis, np.newaxis]
    interpolated: FloatArray = values[before] * (1 - share) + values[after] * share
    return interpolated


def _neighbours(
    pts_s: FloatArray, times: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    """The frames on either side of each moment, and how far the moment is towards the later one.

    Both are the same frame at its very time, and outside the times of all frames.
    """
    last = len(pts_s) - 1
    after = np.clip(np.searchsorted(pts_s, times, side="left"), 0, last)
    before = np.clip(np.searchsorted(pts_s, times, side="right") - 1, 0, last)
    span = pts_s[after] - pts_s[before]
    passed = times - pts_s[before]
    share = np.divide(passed, span, out=np.zeros_like(passed), where=span > 0)
    return before, after, share
