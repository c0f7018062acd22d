"""Smooths landmarks for drawing, without lag. Exported tables are never smoothed."""

import numpy as np
from numpy.typing import NDArray

# The kernel reaches this many standard deviations, and at most this many frames, to either side.
_REACH = 2.5
_MAX_REACH_FRAMES = 24
# A move this large between two frames, in frame widths or heights, means another person or a cut.
_JUMP = 0.25
# Frames smoothed at a time, so that memory does not hold several copies of an hour of them.
_BLOCK_FRAMES = 4096
# No smoothing across a gap between two frames longer than this.
_GAP_S = 0.25


def smoothed_points(
    points: NDArray[np.float32], pts_s: NDArray[np.float64], sigma_s: float
) -> NDArray[np.float32]:
    """Landmarks for drawing: a median of three against single wild frames, then a Gaussian.

    Both are symmetric, so nothing lags. There is no smoothing across frames without a person, gaps
    and jumps; a frame without a person stays NaN.

    Args:
        points: ``(n, 33, 3)`` x, y and visibility; NaN without a person.
        pts_s: ``(n,)`` increasing times in seconds.
        sigma_s: Standard deviation of the Gaussian in seconds; 0 disables smoothing.
    """
    if sigma_s == 0 or len(points) < 3:
        return points
    smoothed = np.empty_like(points)
    margin = _MAX_REACH_FRAMES + 1  # the kernel, and the median of three before it
    for start in range(0, len(points), _BLOCK_FRAMES):
        stop = min(start + _BLOCK_FRAMES, len(points))
        seen = slice(max(0, start - margin), stop + margin)
        block = _smoothed_block(points[seen], pts_s[seen], sigma_s)
        smoothed[start:stop] = block[start - seen.start : stop - seen.start]
    return smoothed


def _smoothed_block(
    points: NDArray[np.float32], pts_s: NDArray[np.float64], sigma_s: float
) -> NDArray[np.float32]:
    runs = _runs(points, pts_s)
    points = _median_of_three(points, runs)
    total = np.where(np.isnan(points), 0, points).astype(np.float32)
    weight = np.ones(len(points), dtype=np.float32)
    values = total.copy()
    for offset in range(1, min(_MAX_REACH_FRAMES + 1, len(points))):
        apart_s = pts_s[offset:] - pts_s[:-offset]
        if apart_s.min() > _REACH * sigma_s:
            break
        together = (runs[offset:] == runs[:-offset]) & (apart_s <= _REACH * sigma_s)
        share = np.where(together, np.exp(-0.5 * (apart_s / sigma_s) ** 2), 0).astype(np.float32)
        total[:-offset] += share[:, None, None] * values[offset:]
        total[offset:] += share[:, None, None] * values[:-offset]
        weight[:-offset] += share
        weight[offset:] += share
    total /= weight[:, None, None]
    total[np.isnan(points[:, 0, 0])] = np.nan
    return total


def _runs(points: NDArray[np.float32], pts_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """``(n,)`` run numbers; no smoothing across the border of two runs."""
    person = ~np.isnan(points[:, 0, 0])
    middle = points[:, :, :2].mean(axis=1)
    with np.errstate(invalid="ignore"):
        jumped = np.abs(np.diff(middle, axis=0)).max(axis=1) > _JUMP
    broken = jumped | ~person[1:] | ~person[:-1] | (np.diff(pts_s) > _GAP_S)
    return np.concatenate([[0], np.cumsum(broken)])


def _median_of_three(points: NDArray[np.float32], runs: NDArray[np.intp]) -> NDArray[np.float32]:
    inside = np.flatnonzero((runs[2:] == runs[1:-1]) & (runs[1:-1] == runs[:-2])) + 1
    result = points.copy()
    a, b, c = points[inside - 1], points[inside], points[inside + 1]
    result[inside] = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    return result
