"""The ideal line of a pose in the picture: where this body would be if it did the pose perfectly.

Its parts have the lengths that they have in the picture, so the line can be drawn beside the real
one. It starts at the shoulders (in a fold, at the hips), and straightens legs and arms on the spot.
"""

import numpy as np
from numpy.typing import NDArray

from shared_features.features.points import IMAGE, POINT_INDEX, PointArray, X, Y
from shared_features.scoring.ideals import PoseIdeal
from shared_features.scoring.measures import SIDES, holding_arms

# An elbow that is bent less would have its ideal line on top of it.
_BENT_DEG = 10.0
# A knee that is bent further is meant to be (a tuck), where the pose does not say otherwise.
_TUCKED_DEG = 65.0

Line = NDArray[np.float64]


def ideal_lines(points: PointArray, ideal: PoseIdeal) -> list[Line]:
    """The ideal lines of one frame.

    Args:
        points: ``(5, 1, 36)`` from ``points.point_array``, without NaN in the image coordinates.
        ideal: Geometry of the pose.

    Returns:
        Lines ``(k, 2)`` of image positions in frame heights (square pixels).
    """
    at = {name: points[IMAGE, 0, index] for name, index in POINT_INDEX.items()}
    lines = _arms(at, holding_arms(points, ideal.arms))
    legs = [_length(at, side) for side in SIDES]
    if ideal.hip_deg is None:
        return lines + _straight_legs(at)
    outward = 1.0 if at["LEFT_KNEE"][X] + at["RIGHT_KNEE"][X] > 2 * at["HIPS"][X] else -1.0
    torso = float(np.linalg.norm(at["HIPS"] - at["NECK"]))
    level = np.array([outward, 0.0])
    leg = max(legs)
    if ideal.is_line:
        return [*lines, np.stack([at["NECK"], at["NECK"] + (torso + leg) * level])]
    if ideal.legs_elevation_deg is not None:
        hips = at["NECK"] + np.array([0.0, torso])
        return [*lines, np.stack([at["NECK"], hips, hips + leg * level])]
    return [*lines, np.stack([at["HIPS"], at["HIPS"] + leg * _folded(at, ideal.hip_deg)])]


def _arms(at: dict[str, Line], hanging: tuple[bool, bool]) -> list[Line]:
    """From the hand towards the shoulder, as long as the arm, where the elbow is bent."""
    lines = []
    for side, on in zip(SIDES, hanging, strict=True):
        shoulder, elbow, wrist = (at[f"{side}_{j}"] for j in ("SHOULDER", "ELBOW", "WRIST"))
        if on and _bend_deg(shoulder, elbow, wrist) > _BENT_DEG and (wrist != shoulder).any():
            along = (shoulder - wrist) / np.linalg.norm(shoulder - wrist)
            length = np.linalg.norm(elbow - shoulder) + np.linalg.norm(wrist - elbow)
            lines.append(np.stack([wrist, wrist + length * along]))
    return lines


def _straight_legs(at: dict[str, Line]) -> list[Line]:
    lines = []
    for side in SIDES:
        hip, knee, ankle = (at[f"{side}_{joint}"] for joint in ("HIP", "KNEE", "ANKLE"))
        thigh = knee - hip
        if _bend_deg(hip, knee, ankle) < _TUCKED_DEG and thigh.any():
            along = thigh / np.linalg.norm(thigh)
            lines.append(np.stack([hip, hip + _length(at, side) * along]))
    return lines


def _bend_deg(start: Line, middle: Line, end: Line) -> float:
    u, v = middle - start, end - middle
    return float(np.degrees(np.arctan2(abs(u[X] * v[Y] - u[Y] * v[X]), u @ v)))


def _folded(at: dict[str, Line], hip_deg: float) -> Line:
    """Direction of the legs that closes the fold, on the side of the body where they are."""
    torso, legs = at["NECK"] - at["HIPS"], (at["LEFT_KNEE"] + at["RIGHT_KNEE"]) / 2 - at["HIPS"]
    side = 1.0 if torso[X] * legs[Y] - torso[Y] * legs[X] > 0 else -1.0
    angle = side * np.radians(hip_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    direction: Line = turn @ torso / max(float(np.linalg.norm(torso)), 1e-9)
    return direction


def _length(at: dict[str, Line], side: str) -> float:
    hip, knee, ankle = (at[f"{side}_{joint}"] for joint in ("HIP", "KNEE", "ANKLE"))
    return float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))
