"""Finds people in frames, with MediaPipe's Pose Landmarker.

An estimator in ``video`` mode belongs to one recording or one live session: its tracker keeps state
from frame to frame, so sharing one would mix people up.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared_features.errors import PoseAssetError
from shared_features.landmarks.landmarks import (
    IMAGE_CHANNELS,
    LANDMARK_COUNT,
    WORLD_CHANNELS,
    FloatArray,
)
from shared_features.media.frames import RgbArray
from shared_features.params import PersonPolicy, PoseParams
from shared_features.pose.network.landmarker import Landmarker, RunningMode
from shared_features.pose.network.mediapipe_c import MediaPipeError

# Boxes with a smaller overlap than this (intersection over union) belong to different people.
_SAME_PERSON_OVERLAP = 0.3


@dataclass(frozen=True)
class Person:
    """The landmarks of one person in one frame.

    Attributes:
        image: ``(33, 5)`` float32 x, y as fractions of the frame, z, visibility, presence.
        world: ``(33, 3)`` float32 metres, hip-centred, camera axes.
    """

    image: FloatArray
    world: FloatArray

    def box(self) -> tuple[float, float, float, float]:
        """Bounding box of the landmarks: left, top, right, bottom as fractions of the frame."""
        x, y = self.image[:, 0], self.image[:, 1]
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())


class PoseEstimator:
    """Finds people and their landmarks in frames; use as a context manager.

    Args:
        model_path: Path of a ``.task`` file, from ``model_asset.resolve``.
        mode: ``photo`` detects people in every frame independently; ``video`` tracks them from
            frame to frame.
        people: Largest number of people to find. One is much faster in ``video`` mode, where the
            detector only runs while fewer people than that are being tracked.
        params: Pose settings, for their confidence thresholds.

    Raises:
        PoseAssetError: MediaPipe cannot be loaded, or does not accept the model file.
    """

    def __init__(
        self, model_path: Path, mode: RunningMode, people: int, params: PoseParams
    ) -> None:
        try:
            self._landmarker = Landmarker(
                model_path,
                mode,
                people,
                params.min_detection_confidence,
                params.min_tracking_confidence,
            )
        except MediaPipeError as error:
            raise PoseAssetError(
                f"The pose model file {model_path} cannot be used ({error}). Use a "
                "pose_landmarker .task file, or set `pose.model_path` in params.yaml to null to "
                "use the one that comes with the project."
            ) from error
        self._mode = mode
        self._last_ms = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the networks; closing again does nothing."""
        self._landmarker.close()

    def people(self, rgb: RgbArray, pts_s: float = 0.0) -> list[Person]:
        """Everyone found in a frame, in no particular order.

        Args:
            rgb: ``(height, width, 3)`` uint8, upright.
            pts_s: Time of the frame in seconds. It is only used in ``video`` mode, where it must
                not decrease.
        """
        if self._mode == "photo":
            return self._found(rgb, None)
        # The tracker requires strictly increasing whole milliseconds.
        self._last_ms = max(self._last_ms + 1, round(pts_s * 1000))
        return self._found(rgb, self._last_ms)

    def _found(self, rgb: RgbArray, timestamp_ms: int | None) -> list[Person]:
        people = [Person(*points) for points in self._landmarker.detect(rgb, timestamp_ms)]
        expected = (LANDMARK_COUNT, len(IMAGE_CHANNELS)), (LANDMARK_COUNT, len(WORLD_CHANNELS))
        for person in people:
            found = person.image.shape, person.world.shape
            if found != expected:
                raise ValueError(
                    f"the pose model returned landmarks of shape {found}, expected {expected}"
                )
        return people


def pick(people: list[Person], policy: PersonPolicy) -> Person | None:
    """The person selected by the policy, or None if there is no one.

    ``largest`` and ``central`` compare the bounding boxes of the landmarks. ``followed`` takes the
    first person, because an estimator for one person finds the one it is tracking.
    """
    if not people:
        return None
    if policy == "largest":
        return max(people, key=_area)
    if policy == "central":
        return min(people, key=_distance_from_centre)
    return people[0]


def is_same_person(a: Person, b: Person) -> bool:
    """Whether two sets of landmarks, from the same or adjacent frames, may belong to one person."""
    return overlap(a, b) >= _SAME_PERSON_OVERLAP


def overlap(a: Person, b: Person) -> float:
    """Intersection over union of two people's boxes, 0..1."""
    (a_left, a_top, a_right, a_bottom), (b_left, b_top, b_right, b_bottom) = a.box(), b.box()
    width = max(0.0, min(a_right, b_right) - max(a_left, b_left))
    height = max(0.0, min(a_bottom, b_bottom) - max(a_top, b_top))
    areas = (a_right - a_left) * (a_bottom - a_top) + (b_right - b_left) * (b_bottom - b_top)
    return width * height / (areas - width * height)


def _area(person: Person) -> float:
    left, top, right, bottom = person.box()
    return (right - left) * (bottom - top)


def _distance_from_centre(person: Person) -> float:
    left, top, right, bottom = person.box()
    return ((left + right) / 2 - 0.5) ** 2 + ((top + bottom) / 2 - 0.5) ** 2
