"""Which column of a table holds which coordinate of which landmark, by their names."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shared_features.landmarks.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from training.errors import TrainingError
from training.recordings.catalog import listed
from training.tables.column_names import plain_name
from training.words import counted

Channel = tuple[str, bool]
"""Name of a channel, and whether it is one of world coordinates."""

NEEDED = tuple(
    f"{side}_{joint}"
    for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
    for side in ("LEFT", "RIGHT")
)
"""Landmarks without which features would say nothing about the pose."""

_CHANNELS = {
    **{"x": "x", "y": "y", "z": "z", "v": "visibility", "vis": "visibility"},
    **{"visibility": "visibility", "score": "visibility", "confidence": "visibility"},
    **{"conf": "visibility", "likelihood": "visibility", "presence": "presence"},
}
_SIDES = {"l": "left", "r": "right"}
_JOINTS = {name.lower(): name for name in LANDMARK_NAMES}
_ONE_WORD = re.compile(r"([lr])_?([a-z]+)")
_INDEXED = re.compile(r"(?:[a-z]*_)?(?:landmark|lm|kp|keypoint|point|pt|joint)?_?(\d{1,2})")
_LONG_NAMES = (
    *("landmark", "landmark_name", "landmark_id", "landmark_index", "joint", "keypoint"),
    *("keypoint_name", "keypoint_id", "bodypart", "body_part", "point"),
)


class Coordinate(NamedTuple):
    """What a column of a wide table holds.

    Attributes:
        landmark: Name of the landmark, or its number as text.
        channel: Which of its values.
        world: Whether it is a world coordinate in metres.
    """

    landmark: str
    channel: str
    world: bool


@dataclass(frozen=True)
class LandmarkColumns:
    """The columns of a table of landmarks.

    Attributes:
        wide: What each column of coordinates holds, if each row is a frame.
        long: Column of the landmark's name, if each row is a landmark; else None.
    """

    wide: dict[str, Coordinate]
    long: str | None


def recognised(name: str) -> bool:
    """Whether a column has the name of a coordinate."""
    plain = plain_name(name)
    return coordinate(name) is not None or plain in _CHANNELS or plain in _LONG_NAMES


def find_landmark_columns(path: Path, header: Sequence[str]) -> LandmarkColumns:
    """The columns of coordinates.

    Raises:
        TrainingError: The table has none, or two columns hold the same.
    """
    long = next((name for name in header if plain_name(name) in _LONG_NAMES), None)
    plain = {plain_name(name) for name in header}
    if long is not None and {"x", "y"} <= plain:
        return LandmarkColumns({}, long)
    wide = {name: found for name in header if (found := coordinate(name)) is not None}
    numbered = {int(one.landmark) for one in wide.values() if one.landmark.isdecimal()}
    if numbered:
        wide = _by_number(path, wide, numbered)
    held: dict[Coordinate, str] = {}
    for name, found in wide.items():
        if found in held:
            raise TrainingError(
                f"{path}: {held[found]!r} and {name!r} both hold the {found.channel} of "
                f"{found.landmark}. Rename or remove one."
            )
        held[found] = name
    missing = [
        name
        for name in NEEDED
        if not all(Coordinate(name, axis, False) in held for axis in ("x", "y"))
    ]
    if missing:
        raise TrainingError(
            f"{path} lacks x and y of {listed(missing)}. Expected columns such as "
            f"LEFT_HIP_x and LEFT_HIP_y, x_0 to x_{LANDMARK_COUNT - 1}, or a row per landmark with "
            "the columns landmark, x and y. It has "
            f"{listed(header)}."
        )
    return LandmarkColumns(wide, None)


def coordinate(name: str) -> Coordinate | None:
    """What a column holds, by its name.

    >>> coordinate("LEFT_HIP_world_x")
    Coordinate(landmark='LEFT_HIP', channel='x', world=True)
    >>> coordinate("x11")
    Coordinate(landmark='11', channel='x', world=False)
    """
    words = re.sub(r"([a-z])(\d)|(\d)([a-z])", r"\1\3_\2\4", plain_name(name)).split("_")
    world = "world" in words
    words = [word for word in words if word != "world"]
    for position in (-1, 0):
        if len(words) > 1 and words[position] in _CHANNELS:
            rest = words[:-1] if position else words[1:]
            landmark = landmark_name("_".join(rest))
            if landmark is not None:
                return Coordinate(landmark, _CHANNELS[words[position]], world)
    return None


def landmark_name(text: str) -> str | None:
    """The landmark that a name means, or its number as text; None if it is neither.

    >>> landmark_name("LShoulder"), landmark_name("hip_right"), landmark_name("landmark_12")
    ('LEFT_SHOULDER', 'RIGHT_HIP', '12')
    """
    plain = plain_name(text)
    if plain in _JOINTS:
        return _JOINTS[plain]
    words = [_SIDES.get(word, word) for word in plain.split("_")]
    for order in (words, [*words[1:], words[0]], [words[-1], *words[:-1]]):
        if "_".join(order) in _JOINTS:
            return _JOINTS["_".join(order)]
    if (match := _ONE_WORD.fullmatch(plain)) and (
        found := _JOINTS.get(f"{_SIDES[match[1]]}_{match[2]}")
    ):
        return found
    match = _INDEXED.fullmatch(plain)
    return match[1] if match else None


def first_number(path: Path, numbers: Iterable[int]) -> int:
    """The number of the first landmark, 0 or 1.

    Raises:
        TrainingError: The numbers are not those of MediaPipe's landmarks.
    """
    found = set(numbers)
    for first in (0, 1):
        if found == set(range(first, first + LANDMARK_COUNT)):
            return first
    raise TrainingError(
        f"{path} numbers {counted(len(found), 'landmark')} from {min(found)} to "
        f"{max(found)}, expected the {LANDMARK_COUNT} of MediaPipe, from 0 or 1. "
        "Other skeletons need names, such as left_shoulder_x."
    )


def _by_number(path: Path, wide: dict[str, Coordinate], numbers: set[int]) -> dict[str, Coordinate]:
    first = first_number(path, numbers)
    return {
        name: found._replace(landmark=LANDMARK_NAMES[int(found.landmark) - first])
        for name, found in wide.items()
        if found.landmark.isdecimal()
    }
