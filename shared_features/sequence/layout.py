"""The array that a sequence model takes: ``(num_frames, 133)`` float32, one row per step.

A row holds 33 landmarks × (x, y, z, visibility), landmark by landmark, then one validity flag: 1
where a person was found around that moment, 0 where the row is interpolated. Values are finite.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import FeatureSpecError
from shared_features.landmarks.landmarks import LANDMARK_COUNT, LANDMARK_NAMES, MIRROR_ORDER

NUM_FRAMES = 16
LANDMARK_DIMS = 4
AXES: tuple[str, ...] = ("x", "y", "z")
VALID_COLUMN = LANDMARK_COUNT * LANDMARK_DIMS
SEQUENCE_COLUMNS = VALID_COLUMN + 1
COLUMN_NAMES: tuple[str, ...] = (
    *(f"{name}_{channel}" for name in LANDMARK_NAMES for channel in (*AXES, "visibility")),
    "valid",
)

SequenceArray = NDArray[np.float32]

# Rises whenever the same landmarks give other numbers.
_VERSION = 1


@dataclass(frozen=True)
class SequenceSpec:
    """How a clip becomes an array. A model file carries it, so that serving does the same.

    Attributes:
        num_frames: Number of steps, spread evenly over the time of the clip.
        rotate: Whether the body's own axis (hips to shoulders) is turned upright. Off for poses in
            which the direction of gravity matters, such as hanging ones.
        glitch_threshold: Landmarks that jump away further than this many standard deviations are
            interpolated (``glitches``); None: they are kept.
    """

    num_frames: int = NUM_FRAMES
    rotate: bool = False
    glitch_threshold: float | None = None

    def __post_init__(self) -> None:
        if self.num_frames < 2:
            raise FeatureSpecError(
                f"A sequence of {self.num_frames} frames was asked for; expected at least 2."
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of a sequence."""
        return self.num_frames, SEQUENCE_COLUMNS

    @property
    def hash(self) -> str:
        """Hash of everything that the values depend on."""
        facts = {**asdict(self), "version": _VERSION, "columns": COLUMN_NAMES}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """The description stored in a model file."""
        return {**asdict(self), "version": _VERSION, "hash": self.hash}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The spec that ``to_dict`` stored.

        Raises:
            FeatureSpecError: This program does not compute what is described.
        """
        names = [f.name for f in fields(cls)]
        missing = [name for name in (*names, "hash") if name not in values]
        if missing:
            raise FeatureSpecError(
                f"A description of sequences needs the keys {[*names, 'hash']}, got "
                f"{sorted(values)}. Export the model again."
            )
        spec = cls(**{name: values[name] for name in names})
        if values["hash"] != spec.hash:
            raise FeatureSpecError(
                f"The sequences described have version {values.get('version')} and hash "
                f"{values['hash']}, but this program computes version {_VERSION}, hash "
                f"{spec.hash}. Use the program that trained the model, or train the model again."
            )
        return spec


def landmarks_of(sequences: NDArray[Any]) -> NDArray[Any]:
    """The landmarks of sequences ``(…, 133)`` as a view ``(…, 33, 4)``."""
    shape = (*sequences.shape[:-1], LANDMARK_COUNT, LANDMARK_DIMS)
    return sequences[..., :VALID_COLUMN].reshape(shape)


def valid_of(sequences: NDArray[Any]) -> NDArray[Any]:
    """The validity flags ``(…)`` of sequences ``(…, 133)``."""
    return sequences[..., VALID_COLUMN]


def valid_share(sequence: SequenceArray) -> float:
    """Share of a sequence's steps around which a person was found."""
    return float(valid_of(sequence).mean())


def joined(landmarks: NDArray[Any], valid: NDArray[Any]) -> SequenceArray:
    """A sequence ``(n, 133)`` from landmarks ``(n, 33, 4)`` and flags ``(n,)``."""
    sequence = np.empty((len(landmarks), SEQUENCE_COLUMNS), dtype=np.float32)
    sequence[:, :VALID_COLUMN] = landmarks.reshape(len(landmarks), VALID_COLUMN)
    sequence[:, VALID_COLUMN] = valid
    return sequence


def mirrored(sequences: SequenceArray) -> SequenceArray:
    """Sequences ``(…, 133)`` of the same movement flipped left to right."""
    flipped: SequenceArray = sequences.copy()
    landmarks = landmarks_of(sequences)[..., MIRROR_ORDER, :] * np.array(
        [-1, 1, 1, 1], dtype=sequences.dtype
    )
    flipped[..., :VALID_COLUMN] = landmarks.reshape(*sequences.shape[:-1], VALID_COLUMN)
    return flipped
