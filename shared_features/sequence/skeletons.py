"""Skeletons of other sources as the 33 landmarks; those they lack are marked as unseen (NaN)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import TrackError
from shared_features.landmarks.landmarks import LANDMARK_COUNT, LANDMARK_INDEX
from shared_features.sequence.layout import LANDMARK_DIMS


@dataclass(frozen=True)
class Skeleton:
    """The joints of another source.

    Attributes:
        name: Name for messages.
        joint_count: Number of joints per frame.
        joints: Index of the joint that stands for a landmark, by name of the landmark.
        y_up: Whether y grows upwards; MediaPipe's grows downwards.
    """

    name: str
    joint_count: int
    joints: Mapping[str, int]
    y_up: bool = False


def _sides(**pairs: tuple[int, int]) -> dict[str, int]:
    """Joints of both sides, given as (left, right)."""
    return {
        f"{side}_{joint}": index
        for joint, both in pairs.items()
        for side, index in zip(("LEFT", "RIGHT"), both, strict=True)
    }


COCO_17 = Skeleton(
    "COCO (17 keypoints)",
    17,
    MappingProxyType(
        {
            "NOSE": 0,
            **_sides(EYE=(1, 2), EAR=(3, 4), SHOULDER=(5, 6), ELBOW=(7, 8)),
            **_sides(WRIST=(9, 10), HIP=(11, 12), KNEE=(13, 14), ANKLE=(15, 16)),
        }
    ),
)
# Kinect has a head, but no face: its head stands for the nose.
KINECT_25 = Skeleton(
    "Kinect v2 (25 joints)",
    25,
    MappingProxyType(
        {
            "NOSE": 3,
            **_sides(SHOULDER=(4, 8), ELBOW=(5, 9), WRIST=(6, 10)),
            **_sides(INDEX=(21, 23), THUMB=(22, 24)),
            **_sides(HIP=(12, 16), KNEE=(13, 17), ANKLE=(14, 18), FOOT_INDEX=(15, 19)),
        }
    ),
    y_up=True,
)
UIPRMD_22 = Skeleton(
    "UI-PRMD (22 joints)",
    22,
    MappingProxyType(
        {
            "NOSE": 4,
            **_sides(SHOULDER=(7, 11), ELBOW=(8, 12), WRIST=(9, 13)),
            **_sides(HIP=(14, 18), KNEE=(15, 19), ANKLE=(16, 20), FOOT_INDEX=(17, 21)),
        }
    ),
    y_up=True,
)
SKELETONS: Mapping[int, Skeleton] = MappingProxyType(
    {skeleton.joint_count: skeleton for skeleton in (COCO_17, KINECT_25, UIPRMD_22)}
)
"""The known skeletons, by number of joints."""


def skeleton_points(
    positions: NDArray[Any], skeleton: Skeleton, confidence: NDArray[Any] | None = None
) -> NDArray[np.float64]:
    """The 33 landmarks ``(n, 33, 4)`` of a skeleton's joints; NaN for landmarks it lacks.

    Args:
        positions: ``(n, joints, 2 or 3)``: x, y and perhaps z in one unit; without z, it is 0.
        skeleton: Which joints these are.
        confidence: ``(n, joints)``: how sure the source is of each, from 0 to 1; None: all sure.

    Raises:
        TrackError: The arrays do not have these shapes.
    """
    expected = (len(positions), skeleton.joint_count)
    if positions.ndim != 3 or positions.shape[:2] != expected or positions.shape[2] not in (2, 3):
        raise TrackError(
            f"A clip of {skeleton.name} has shape {positions.shape}, expected "
            f"(frames, {skeleton.joint_count}, 2 or 3)."
        )
    if confidence is not None and confidence.shape != expected:
        raise TrackError(f"The confidences have shape {confidence.shape}, expected {expected}.")
    points = np.full((len(positions), LANDMARK_COUNT, LANDMARK_DIMS), np.nan)
    landmarks = [LANDMARK_INDEX[name] for name in skeleton.joints]
    joints = list(skeleton.joints.values())
    axes = positions.shape[2]
    points[:, landmarks, 2] = 0.0
    points[:, landmarks, :axes] = positions[:, joints]
    if skeleton.y_up:
        points[:, landmarks, 1] *= -1
    points[:, landmarks, 3] = 1.0 if confidence is None else confidence[:, joints]
    return points
