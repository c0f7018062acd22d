"""Removes single landmarks that jump away for a frame or two, as trackers make them."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_WINDOW = 5  # frames: a jump of two of them does not move the median
_SIGMAS = 1.4826  # median absolute deviations in a standard deviation of a normal distribution
_LEAST_SHARE = 0.1  # of the body's extent: smaller jumps are tremor, not glitches


def without_glitches(points: FloatArray, threshold: float) -> FloatArray:
    """Points with glitches removed, to be interpolated in time afterwards (Hampel's filter).

    A landmark is a glitch where it is further from its median over five frames than ``threshold``
    times its usual distance, and than a tenth of the body's extent.

    Args:
        points: ``(n, 33, 4)``: x, y, z, visibility; NaN where a landmark is missing.
        threshold: In standard deviations.

    Returns:
        ``(n, 33, 4)``, NaN also where a landmark was a glitch.
    """
    if len(points) < _WINDOW:
        return points
    xyz = points[..., :3]
    margin = _WINDOW // 2
    padded = np.pad(xyz, ((margin, margin), (0, 0), (0, 0)), mode="edge")
    windows = sliding_window_view(padded, _WINDOW, axis=0)
    # A missing value makes its window's median NaN, and no comparison with it is true.
    distance = np.linalg.norm(xyz - np.median(windows, axis=-1), axis=-1)
    known = ~np.isnan(distance)
    filled = np.where(known, distance, 0.0)
    # Of a landmark that is mostly missing it is 0; the body's extent then limits it.
    usual = np.median(filled, axis=0)
    limit = np.maximum(threshold * _SIGMAS * usual, _LEAST_SHARE * _extent(xyz))
    cleaned: FloatArray = points.copy()
    cleaned[filled > limit] = np.nan
    return cleaned


def _extent(xyz: FloatArray) -> float:
    """The usual height or width of the body in the picture, whichever is larger."""
    seen = xyz[~np.isnan(xyz).any(axis=(1, 2))][..., :2]
    if not len(seen):
        known = xyz[~np.isnan(xyz).any(axis=2)][:, :2]
        return float(np.ptp(known, axis=0).max()) if len(known) else 0.0
    return float(np.median(np.ptp(seen, axis=1).max(axis=1)))
