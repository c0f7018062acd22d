"""The 33 landmarks by name, points derived from them, mirroring, and a recording's track.

Landmark order and names are those of MediaPipe Pose. "Left" and "right" are the performer's own.

Image landmarks are fractions of the upright frame (x to the right, y down); multiply x by
``width / height`` to get *square pixels*, in which angles are true. World landmarks are in metres,
hip-centred, with the camera's axes (x right, y down, z away from the camera).
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import TrackError

FloatArray = NDArray[np.float32]

LANDMARK_NAMES: tuple[str, ...] = (
    "NOSE",
    "LEFT_EYE_INNER",
    "LEFT_EYE",
    "LEFT_EYE_OUTER",
    "RIGHT_EYE_INNER",
    "RIGHT_EYE",
    "RIGHT_EYE_OUTER",
    "LEFT_EAR",
    "RIGHT_EAR",
    "MOUTH_LEFT",
    "MOUTH_RIGHT",
    "LEFT_SHOULDER",
    "RIGHT_SHOULDER",
    "LEFT_ELBOW",
    "RIGHT_ELBOW",
    "LEFT_WRIST",
    "RIGHT_WRIST",
    "LEFT_PINKY",
    "RIGHT_PINKY",
    "LEFT_INDEX",
    "RIGHT_INDEX",
    "LEFT_THUMB",
    "RIGHT_THUMB",
    "LEFT_HIP",
    "RIGHT_HIP",
    "LEFT_KNEE",
    "RIGHT_KNEE",
    "LEFT_ANKLE",
    "RIGHT_ANKLE",
    "LEFT_HEEL",
    "RIGHT_HEEL",
    "LEFT_FOOT_INDEX",
    "RIGHT_FOOT_INDEX",
)
LANDMARK_COUNT = len(LANDMARK_NAMES)
LANDMARK_INDEX: dict[str, int] = {name: index for index, name in enumerate(LANDMARK_NAMES)}

# Channels of an image landmark; a world landmark has the first three.
X, Y, Z, VISIBILITY, PRESENCE = range(5)
IMAGE_CHANNELS: tuple[str, ...] = ("x", "y", "z", "visibility", "presence")
WORLD_CHANNELS: tuple[str, ...] = ("x", "y", "z")

CONNECTIONS: tuple[tuple[str, str], ...] = (
    ("NOSE", "LEFT_EYE_INNER"),
    ("LEFT_EYE_INNER", "LEFT_EYE"),
    ("LEFT_EYE", "LEFT_EYE_OUTER"),
    ("LEFT_EYE_OUTER", "LEFT_EAR"),
    ("NOSE", "RIGHT_EYE_INNER"),
    ("RIGHT_EYE_INNER", "RIGHT_EYE"),
    ("RIGHT_EYE", "RIGHT_EYE_OUTER"),
    ("RIGHT_EYE_OUTER", "RIGHT_EAR"),
    ("MOUTH_LEFT", "MOUTH_RIGHT"),
    ("LEFT_SHOULDER", "RIGHT_SHOULDER"),
    ("LEFT_SHOULDER", "LEFT_ELBOW"),
    ("LEFT_ELBOW", "LEFT_WRIST"),
    ("LEFT_WRIST", "LEFT_PINKY"),
    ("LEFT_WRIST", "LEFT_INDEX"),
    ("LEFT_WRIST", "LEFT_THUMB"),
    ("LEFT_PINKY", "LEFT_INDEX"),
    ("RIGHT_SHOULDER", "RIGHT_ELBOW"),
    ("RIGHT_ELBOW", "RIGHT_WRIST"),
    ("RIGHT_WRIST", "RIGHT_PINKY"),
    ("RIGHT_WRIST", "RIGHT_INDEX"),
    ("RIGHT_WRIST", "RIGHT_THUMB"),
    ("RIGHT_PINKY", "RIGHT_INDEX"),
    ("LEFT_SHOULDER", "LEFT_HIP"),
    ("RIGHT_SHOULDER", "RIGHT_HIP"),
    ("LEFT_HIP", "RIGHT_HIP"),
    ("LEFT_HIP", "LEFT_KNEE"),
    ("LEFT_KNEE", "LEFT_ANKLE"),
    ("LEFT_ANKLE", "LEFT_HEEL"),
    ("LEFT_HEEL", "LEFT_FOOT_INDEX"),
    ("LEFT_ANKLE", "LEFT_FOOT_INDEX"),
    ("RIGHT_HIP", "RIGHT_KNEE"),
    ("RIGHT_KNEE", "RIGHT_ANKLE"),
    ("RIGHT_ANKLE", "RIGHT_HEEL"),
    ("RIGHT_HEEL", "RIGHT_FOOT_INDEX"),
    ("RIGHT_ANKLE", "RIGHT_FOOT_INDEX"),
)
"""The lines that MediaPipe draws between its pose landmarks."""

DERIVED_POINTS: dict[str, tuple[str, str]] = {
    "HEAD": ("LEFT_EAR", "RIGHT_EAR"),
    "NECK": ("LEFT_SHOULDER", "RIGHT_SHOULDER"),
    "HIPS": ("LEFT_HIP", "RIGHT_HIP"),
}
"""Points half-way between two landmarks."""

_OTHER_SIDE = {"LEFT": "RIGHT", "RIGHT": "LEFT", "left": "right", "right": "left"}
_SIDE = re.compile("|".join(_OTHER_SIDE))


def opposite(name: str) -> str:
    """Name of the landmark (or column) on the other side of the body.

    >>> opposite("LEFT_WRIST"), opposite("MOUTH_RIGHT"), opposite("left_wrist_right_ankle")
    ('RIGHT_WRIST', 'MOUTH_LEFT', 'right_wrist_left_ankle')
    """
    return _SIDE.sub(lambda side: _OTHER_SIDE[side.group()], name)


MIRROR_ORDER: NDArray[np.intp] = np.array(
    [LANDMARK_INDEX[opposite(name)] for name in LANDMARK_NAMES], dtype=np.intp
)


def mirror_image(image: NDArray[Any]) -> NDArray[Any]:
    """Image landmarks ``(..., 33, channels)`` as if the frame had been flipped left to right."""
    mirrored: NDArray[Any] = image[..., MIRROR_ORDER, :].copy()
    mirrored[..., X] = 1 - mirrored[..., X]
    return mirrored


def mirror_world(world: NDArray[Any]) -> NDArray[Any]:
    """World landmarks ``(..., 33, 3)`` as if the frame had been flipped left to right."""
    mirrored: NDArray[Any] = world[..., MIRROR_ORDER, :].copy()
    mirrored[..., X] = -mirrored[..., X]
    return mirrored


@dataclass(frozen=True)
class LandmarkTrack:
    """The landmarks of one person throughout a recording; a photo is a track of one frame.

    Attributes:
        source: Name of the file that the frames came from.
        width: Width of the upright frames, in square pixels.
        height: Height of the upright frames, in square pixels.
        pts_s: ``(n,)`` float64: presentation time of each frame in seconds; the first frame is 0.
        image: ``(n, 33, 5)`` float32: x, y as fractions of the frame, z (scaled like x),
            visibility, presence. A frame without a person is a row of NaN.
        world: ``(n, 33, 3)`` float32: metres, hip-centred, camera axes. NaN where unknown.
        provenance: How the landmarks were computed: pose model, chunk and warm-up length, policy
            for picking the person, and number of people in view at the start of each chunk.

    Raises:
        TrackError: an array has the wrong shape or type; the message lists all problems.
    """

    source: str
    width: int
    height: int
    pts_s: NDArray[np.float64]
    image: FloatArray
    world: FloatArray
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_frames = len(self.pts_s)
        problems = [
            f"{name} has shape {found}, expected {expected}"
            for name, found, expected in (
                ("pts_s", self.pts_s.shape, (n_frames,)),
                ("image", self.image.shape, (n_frames, LANDMARK_COUNT, len(IMAGE_CHANNELS))),
                ("world", self.world.shape, (n_frames, LANDMARK_COUNT, len(WORLD_CHANNELS))),
            )
            if found != expected
        ]
        problems += [
            f"{name} has type {array.dtype}, expected {expected}"
            for name, array, expected in (
                ("pts_s", self.pts_s, "float64"),
                ("image", self.image, "float32"),
                ("world", self.world, "float32"),
            )
            if array.dtype != expected
        ]
        if self.width < 1 or self.height < 1:
            problems.append(f"the frame is {self.width}×{self.height}, expected positive sizes")
        if problems:
            raise TrackError(
                f"The landmarks of {self.source} are not valid: {'; '.join(problems)}."
            )

    def __len__(self) -> int:
        return len(self.pts_s)

    @property
    def aspect(self) -> float:
        """Width over height: multiply x by it to get square pixels."""
        return self.width / self.height

    @property
    def person(self) -> NDArray[np.bool_]:
        """``(n,)`` bool: whether a person was found in the frame."""
        return ~np.isnan(self.image[:, 0, 0])

    def mirrored(self) -> Self:
        """The track of the same recording flipped left to right."""
        return replace(self, image=mirror_image(self.image), world=mirror_world(self.world))


def empty_landmarks(n_frames: int) -> tuple[FloatArray, FloatArray]:
    """Image ``(n, 33, 5)`` and world ``(n, 33, 3)`` landmarks of NaN: no person found yet."""
    image = np.full((n_frames, LANDMARK_COUNT, len(IMAGE_CHANNELS)), np.nan, dtype=np.float32)
    world = np.full((n_frames, LANDMARK_COUNT, len(WORLD_CHANNELS)), np.nan, dtype=np.float32)
    return image, world
