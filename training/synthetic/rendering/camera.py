"""A pinhole camera around the performer, and the projection of points into its image.

Camera axes follow MediaPipe: x to the right of the image, y down, z away from the camera.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX

Points = NDArray[np.float64]

SENSOR_DIAGONAL_MM = 43.27
"""Diagonal of the 36 x 24 mm frame that "equivalent" focal lengths refer to."""

ASPECTS: tuple[tuple[int, int], ...] = ((16, 9), (9, 16), (4, 3), (3, 4), (1, 1))
END_ON_KEPT = 0.2
SHOULDERS = [LANDMARK_INDEX["LEFT_SHOULDER"], LANDMARK_INDEX["RIGHT_SHOULDER"]]
HIPS = [LANDMARK_INDEX["LEFT_HIP"], LANDMARK_INDEX["RIGHT_HIP"]]


@dataclass(frozen=True)
class Camera:
    """Position, orientation and lens of the camera.

    Attributes:
        rotation: ``(3, 3)``; rows are the camera's right, down and away axes in performer axes.
        position_m: ``(3,)`` position in the performer frame, in metres.
        focal: Focal length as a fraction of the frame's height.
        centre: Point where the optical axis meets the frame, as fractions ``(x, y)``.
        width: Width of the frame, in pixels.
        height: Height of the frame, in pixels.
    """

    rotation: Points
    position_m: Points
    focal: float
    centre: tuple[float, float]
    width: int
    height: int

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height


@dataclass(frozen=True)
class Shot:
    """Everything about the camera that stays the same during a recording.

    Attributes:
        width: Width of the frame, in pixels.
        height: Height of the frame, in pixels.
        lens_mm: Focal length, equivalent to a 36 x 24 mm frame.
        pitch_up_deg: Upward pitch of the camera; straps are usually filmed from below.
        fill: Share of the frame's tighter side that the whole figure fills.
    """

    width: int
    height: int
    lens_mm: float
    pitch_up_deg: float
    fill: float

    @classmethod
    def random(cls, rng: np.random.Generator, longer_side_px: int) -> Self:
        """A random shot: a usual aspect ratio, 26-60 mm, from 35 degrees below to 35 above."""
        shares = (0.32, 0.32, 0.14, 0.12, 0.10)
        across, down = ASPECTS[int(rng.choice(len(ASPECTS), p=shares))]
        scale = longer_side_px / max(across, down)
        return cls(
            width=round(across * scale / 2) * 2,
            height=round(down * scale / 2) * 2,
            lens_mm=float(rng.uniform(26.0, 60.0)),
            pitch_up_deg=float(np.clip(rng.normal(5.0, 13.0), -35.0, 35.0)),
            fill=float(rng.uniform(0.52, 0.95)),
        )


def look_at(
    points_m: Points,
    shot: Shot,
    yaw_deg: float,
    roll_deg: float = 0.0,
    offset: tuple[float, float] = (0.0, 0.0),
) -> Camera:
    """A camera that frames the points.

    Args:
        points_m: ``(n, 3)`` points that must be in the image, performer frame.
        shot: Lens, size, pitch and fill.
        yaw_deg: Direction of the camera as seen from the performer: 0 in front of the untwisted
            performer (z), 90 on the performer's left (x).
        roll_deg: Rotation of the camera about its optical axis.
        offset: Offset of the performer from the middle of the frame, as fractions.
    """
    yaw, pitch, roll = np.radians([yaw_deg, shot.pitch_up_deg, roll_deg])
    # From the camera towards the performer, looking up by the pitch.
    away = np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
    right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    down = np.cross(away, right)
    rotation = np.stack(
        [
            np.cos(roll) * right + np.sin(roll) * down,
            -np.sin(roll) * right + np.cos(roll) * down,
            away,
        ]
    )
    diagonal = np.hypot(shot.width, shot.height) / shot.height
    focal = shot.lens_mm / SENSOR_DIAGONAL_MM * float(diagonal)
    seen = points_m @ rotation.T
    low, high = seen.min(axis=0), seen.max(axis=0)
    middle = (low + high) / 2
    half = (high - low) / 2
    aspect = shot.width / shot.height
    # The nearer half of the figure looks larger, so measure the distance from its nearest point.
    needed_m = 2 * focal * max(half[1], half[0] / aspect) / shot.fill
    distance_m = float(max(needed_m, 0.6)) + half[2]
    position = rotation.T @ (middle - np.array([0.0, 0.0, distance_m]))
    return Camera(
        rotation=rotation,
        position_m=position,
        focal=focal,
        centre=(0.5 + offset[0], 0.5 + offset[1]),
        width=shot.width,
        height=shot.height,
    )


def random_camera(rng: np.random.Generator, points_m: Points, shot: Shot) -> Camera:
    """A random camera of the shot: from any side, slightly rolled, performer slightly off centre.

    End-on views of the trunk are rare; in about one frame in twenty the performer is partly cut
    off.

    Args:
        rng: Source of randomness.
        points_m: ``(n, 3)`` figure to be framed, performer frame.
        shot: Everything that stays the same during the recording.
    """
    slack = 0.8 * (1 - shot.fill) / 2 + (0.10 if rng.random() < 0.06 else 0.0)
    roll_deg = float(np.clip(rng.normal(0.0, 4.0), -10.0, 10.0))
    offset = (float(rng.uniform(-slack, slack)), float(rng.uniform(-slack, slack)))
    for _ in range(4):
        camera = look_at(points_m, shot, float(rng.uniform(0.0, 360.0)), roll_deg, offset)
        # Few people film a body end-on, so only some of these views are kept.
        if not _end_on(points_m, camera) or rng.random() < END_ON_KEPT:
            break
    return camera


def _end_on(points_m: Points, camera: Camera) -> bool:
    """Whether the trunk points at the camera or away from it, to within 40 degrees."""
    trunk = points_m[SHOULDERS].mean(axis=0) - points_m[HIPS].mean(axis=0)
    along = abs(float(camera.rotation[2] @ trunk))
    return along > float(np.cos(np.radians(40.0)) * np.linalg.norm(trunk))


def in_camera_m(points_m: Points, camera: Camera) -> Points:
    """Convert points ``(n, 3)`` from the performer frame to metres right, down and away."""
    seen: Points = (points_m - camera.position_m) @ camera.rotation.T
    return seen


def project(points_m: Points, camera: Camera) -> Points:
    """Image landmarks ``(33, 3)`` of points ``(33, 3)`` in metres.

    x and y are fractions of the frame, y down. z has the scale of x, is relative to the depth of
    the hips and negative towards the camera, as MediaPipe defines it.
    """
    seen = in_camera_m(points_m, camera)
    depth_m = np.maximum(seen[:, 2], 0.05)
    hips_m = float(depth_m[HIPS].mean())
    across = camera.focal / camera.aspect
    return np.stack(
        [
            camera.centre[0] + across * seen[:, 0] / depth_m,
            camera.centre[1] + camera.focal * seen[:, 1] / depth_m,
            across * (seen[:, 2] - hips_m) / hips_m,
        ],
        axis=1,
    )


def to_world(points_m: Points, camera: Camera) -> Points:
    """World landmarks ``(33, 3)``: metres, hip-centred, camera axes (right, down, away)."""
    turned: Points = points_m @ camera.rotation.T
    world: Points = turned - turned[HIPS].mean(axis=0)
    return world
