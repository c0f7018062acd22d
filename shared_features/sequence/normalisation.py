"""Landmarks of a clip relative to the body: centred, in torso lengths, upright if asked for.

Only landmarks that are sure enough decide where the body is and how large it is. Size and direction
are decided once for the clip, so that a torso that leans towards the camera does not make the arms
grow, and a lean stays a lean; the centre is decided for each step.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX

FloatArray = NDArray[np.float64]

# A landmark below this visibility is MediaPipe's guess.
SURE_VISIBILITY = 0.5
# In torso lengths: beyond any arm's reach, so only errors of the detector are cut off.
MAX_DISTANCE = 10.0

_HIPS = (LANDMARK_INDEX["LEFT_HIP"], LANDMARK_INDEX["RIGHT_HIP"])
_SHOULDERS = (LANDMARK_INDEX["LEFT_SHOULDER"], LANDMARK_INDEX["RIGHT_SHOULDER"])
_VISIBILITY = 3
_TINY = 1e-6


def normalised(points: FloatArray, rotate: bool) -> FloatArray:
    """Landmarks relative to the hips, in torso lengths.

    Where the hips are unsure, the centre is that of the shoulders, moved by the distance that
    hips and shoulders have in the rest of the clip; if they are never sure, it is the shoulders.

    Args:
        points: ``(n, 33, 4)``: x to the right, y down and z away from the camera, all in the same
            unit, and visibility. NaN for landmarks that are missing throughout.
        rotate: Whether to turn the mean direction from hips to shoulders upright (towards −y).

    Returns:
        ``(n, 33, 4)``, finite; missing landmarks are zeros, with visibility 0.
    """
    xyz, visibility = points[..., :_VISIBILITY], points[..., _VISIBILITY]
    hips, hips_sure = _middle(xyz, visibility, _HIPS)
    shoulders, shoulders_sure = _middle(xyz, visibility, _SHOULDERS)
    torso, torso_sure = shoulders - hips, hips_sure & shoulders_sure
    centre = _centre(hips, hips_sure, shoulders, shoulders_sure, torso[torso_sure])
    relative = xyz - centre[:, np.newaxis]
    if not torso_sure.any():
        torso_sure = np.asarray(~np.isnan(torso).any(axis=1))
    relative = relative / _size(relative, torso[torso_sure])
    if rotate:
        relative = _upright(relative, torso[torso_sure])
    result = np.concatenate([relative, visibility[..., np.newaxis]], axis=-1)
    result[np.isnan(result).any(axis=-1)] = 0.0
    result[..., :_VISIBILITY] = result[..., :_VISIBILITY].clip(-MAX_DISTANCE, MAX_DISTANCE)
    result[..., _VISIBILITY] = result[..., _VISIBILITY].clip(0.0, 1.0)
    return result


def _middle(
    xyz: FloatArray, visibility: FloatArray, pair: tuple[int, int]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The middle ``(n, 3)`` of two landmarks, and whether both are sure ``(n,)``."""
    left, right = pair
    middle = (xyz[:, left] + xyz[:, right]) * 0.5
    sure = np.minimum(visibility[:, left], visibility[:, right]) >= SURE_VISIBILITY
    return middle, sure


def _centre(
    hips: FloatArray,
    hips_sure: NDArray[np.bool_],
    shoulders: FloatArray,
    shoulders_sure: NDArray[np.bool_],
    torsos: FloatArray,
) -> FloatArray:
    usual = np.median(torsos, axis=0) if len(torsos) else np.zeros(3)
    centre = hips.copy()
    replaced = ~hips_sure & shoulders_sure
    centre[replaced] = shoulders[replaced] - usual
    for other in (shoulders, np.zeros_like(hips)):
        missing = np.isnan(centre).any(axis=1)
        centre[missing] = other[missing]
    return centre


def _size(relative: FloatArray, torsos: FloatArray) -> float:
    """Length of the torso; of a body without one, its greatest extent from the centre."""
    length = float(np.median(np.linalg.norm(torsos, axis=1))) if len(torsos) else 0.0
    if length < _TINY:
        known = relative[~np.isnan(relative).any(axis=2)]
        length = float(np.linalg.norm(known, axis=1).max()) if len(known) else 0.0
    return length if length >= _TINY else 1.0


def _upright(relative: FloatArray, torsos: FloatArray) -> FloatArray:
    """Turned in the plane of the picture; unchanged where the torso has no direction in it."""
    x, y = torsos[:, :2].mean(axis=0) if len(torsos) else (0.0, 0.0)
    length = float(np.hypot(x, y))
    if length < _TINY:
        return relative
    up_x, up_y = x / length, y / length
    turned = relative.copy()
    turned[..., 0] = -up_y * relative[..., 0] + up_x * relative[..., 1]
    turned[..., 1] = -up_x * relative[..., 0] - up_y * relative[..., 1]
    return turned
