"""Named points over time, as motion capture and pose estimation programs exchange them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import (
    LANDMARK_INDEX,
    LANDMARK_NAMES,
    PRESENCE,
    VISIBILITY,
    LandmarkTrack,
    empty_landmarks,
)
from training.errors import TrainingError
from training.landmark_tables.foreign_table import ForeignTrack
from training.landmark_tables.landmark_columns import NEEDED, landmark_name
from training.recordings.catalog import listed

FloatArray = NDArray[np.float64]
Space = Literal["pixels", "metres"]

# A metric file has no picture; the body is drawn into a square one, as seen by a distant camera.
_PROJECTED_SIZE = 1000
_PROJECTED_SHARE = 0.8
_TOE = re.compile(r"^(l|r|left_|right_)_?(big_?)?toe$", re.IGNORECASE)


@dataclass(frozen=True)
class Markers:
    """Points of one recording.

    Attributes:
        names: Their names.
        times_s: ``(n,)`` times in seconds; None if the file does not say.
        positions: ``(n, names, 3)``: x to the right, y down, z away from the camera; NaN where a
            point is missing.
        confidence: ``(n, names)`` from 0 to 1; None if the file does not say.
        space: Pixels of the frame (z too), or metres.
        size: Width and height of the frames; None if the file does not say.
        recording: Name of the recording; empty if the file does not say.
    """

    names: tuple[str, ...]
    times_s: FloatArray | None
    positions: FloatArray
    confidence: FloatArray | None
    space: Space
    size: tuple[int, int] | None = None
    recording: str = ""


def times_of(markers: Markers) -> FloatArray:
    """The times of the frames, of markers that are written."""
    if markers.times_s is None:
        raise TrainingError("These landmarks have no times, so they cannot be written.")
    return markers.times_s


def markers_of(track: LandmarkTrack, space: Space) -> Markers:
    """The landmarks of a track, in pixels of its frames or in metres around the hips."""
    if space == "metres":
        positions = track.world.astype(np.float64)
        if np.isnan(positions).all():
            raise TrainingError(
                f"{track.source} has no world landmarks, so it cannot be written in metres. Choose "
                "--space pixels."
            )
    else:
        scale = (track.width, track.height, track.width)
        positions = track.image[..., :3].astype(np.float64) * scale
    return Markers(
        names=LANDMARK_NAMES,
        times_s=track.pts_s,
        positions=positions,
        confidence=track.image[..., VISIBILITY].astype(np.float64),
        space=space,
        size=(track.width, track.height),
        recording=track.source,
    )


def foreign_track(path: Path, markers: Markers) -> tuple[ForeignTrack, list[str]]:
    """The landmarks among the points, and remarks about what became of the others.

    Raises:
        TrainingError: The points are not those of a body.
    """
    landmarks = _landmarks(markers.names)
    missing = [name for name in NEEDED if name not in landmarks.values()]
    if missing:
        raise TrainingError(
            f"{path} lacks {listed(missing)}; it has {listed(markers.names)}. Expected names such "
            "as LEFT_HIP, LHip or left_hip."
        )
    columns = list(landmarks)
    targets = [LANDMARK_INDEX[name] for name in landmarks.values()]
    positions = markers.positions[:, columns]
    image, world = empty_landmarks(len(positions))
    size, remarks = markers.size, []
    if markers.space == "metres":
        hips = [columns.index(column) for column in columns if landmarks[column] in _HIPS]
        centre = positions[:, hips].mean(axis=1, keepdims=True)
        world[:, targets] = positions - centre
        image[:, targets, :3] = _projected(positions)
        size = (_PROJECTED_SIZE, _PROJECTED_SIZE)
        remarks.append(
            f"{path.name} is in metres and has no picture: x and y are the body as a distant "
            "camera would see it."
        )
    else:
        image[:, targets, :3] = positions
    seen = ~np.isnan(positions).any(axis=2)
    confidence = seen.astype(float)
    if markers.confidence is not None:
        confidence = np.where(seen, markers.confidence[:, columns], np.nan)
    confidence = np.where(seen, confidence, np.nan)
    image[:, targets, VISIBILITY] = confidence
    image[:, targets, PRESENCE] = confidence
    unused = [name for number, name in enumerate(markers.names) if number not in landmarks]
    if unused:
        remarks.append(f"Points that were not used: {listed(unused)}.")
    track = ForeignTrack(
        recording=markers.recording,
        frames=np.arange(len(positions)),
        times_s=markers.times_s,
        size=size,
        image=image,
        world=world,
        in_pixels=markers.space == "pixels",
    )
    return track, remarks


_HIPS = ("LEFT_HIP", "RIGHT_HIP")


def _landmarks(names: Sequence[str]) -> dict[int, str]:
    """The landmark of each column that is one; the first of several with the same meaning."""
    found: dict[int, str] = {}
    for column, name in enumerate(names):
        landmark = landmark_name(name)
        if toe := _TOE.match(name):
            landmark = f"{'LEFT' if toe[1][0].lower() == 'l' else 'RIGHT'}_FOOT_INDEX"
        if landmark in LANDMARK_INDEX and landmark not in found.values():
            found[column] = landmark
    return found


def _projected(positions: FloatArray) -> FloatArray:
    """Positions as fractions of a square picture that the whole recording fits into."""
    flat = positions[~np.isnan(positions).any(axis=2)]
    if not len(flat):
        return positions
    low, high = flat.min(axis=0), flat.max(axis=0)
    extent = max(float((high - low)[:2].max()), 1e-6)
    middle = np.array([*(low + high)[:2] / 2, flat[:, 2].mean()])
    fractions: FloatArray = (positions - middle) / extent * _PROJECTED_SHARE
    fractions[..., :2] += 0.5
    return fractions
