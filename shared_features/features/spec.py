"""From landmarks to features, by the one function that training, evaluation and serving call.

A ``FeatureSpec`` names the groups of features, their order and their margins. It is stored in the
model file, so a model only ever receives the features it was trained on.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import FeatureSpecError
from shared_features.features import angles, body, spatial, torso
from shared_features.features.points import PointArray, point_array
from shared_features.landmarks.landmarks import LandmarkTrack

FeatureGroup = Literal["angles", "spatial", "body", "facing", "torso"]
GROUPS: tuple[FeatureGroup, ...] = get_args(FeatureGroup)

# Raise it whenever a formula changes, so that older model files are rejected rather than misused.
FEATURE_VERSION = 1

_COLUMNS: dict[str, tuple[str, ...]] = {
    "angles": angles.COLUMNS,
    "spatial": spatial.COLUMNS,
    "body": body.BODY_COLUMNS,
    "facing": body.FACING_COLUMNS,
    "torso": torso.COLUMNS,
}

# Number of frames computed together. Arrays of this size stay in the processor's cache, which makes
# it five times as fast as one pass over everything.
_BLOCK_FRAMES = 1024


@dataclass(frozen=True)
class FeatureSpec:
    """A reproducible description of the features.

    Attributes:
        groups: Groups of columns, in order.
        spatial_margin: Half width of the "level" band, as a fraction of the frame height.
        head_shoulder_margin: Half width of the "level" band between head and shoulders.
        version: Version of the formulas; a spec of another version is rejected.
    """

    groups: tuple[FeatureGroup, ...] = GROUPS
    spatial_margin: float = 0.08
    head_shoulder_margin: float = 0.04
    version: int = FEATURE_VERSION

    def __post_init__(self) -> None:
        problems = []
        unknown = [group for group in self.groups if group not in GROUPS]
        if unknown:
            problems.append(f"unknown feature groups {unknown} (known: {list(GROUPS)})")
        if not self.groups or len(set(self.groups)) != len(self.groups):
            problems.append(
                f"at least one group is needed, and none may be repeated: got {self.groups}"
            )
        if not (self.spatial_margin >= 0 and self.head_shoulder_margin >= 0):
            problems.append("margins must be 0 or more")
        if self.version != FEATURE_VERSION:
            problems.append(
                f"feature version {self.version} was requested, but this program computes version "
                f"{FEATURE_VERSION}"
            )
        if problems:
            raise FeatureSpecError(f"Cannot compute these features: {'; '.join(problems)}.")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the feature columns, in order."""
        return tuple(column for group in self.groups for column in _COLUMNS[group])

    @cached_property
    def hash(self) -> str:
        """16 hex digits that differ between specs whose features differ."""
        content = json.dumps({**asdict(self), "columns": self.columns}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @cached_property
    def _level_margins(self) -> NDArray[np.float64]:
        return spatial.margins(self.spatial_margin, self.head_shoulder_margin)

    def to_dict(self) -> dict[str, Any]:
        """The spec as plain values for the model file, including hash and columns."""
        return {**asdict(self), "hash": self.hash, "columns": list(self.columns)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The spec that ``to_dict`` stored.

        Raises:
            FeatureSpecError: This version computes different features from the same description.
        """
        known = {f.name for f in fields(cls)}
        try:
            given = {key: values[key] for key in known}
            given["groups"] = tuple(given["groups"])
        except (KeyError, TypeError) as error:
            raise FeatureSpecError(
                f"A feature description needs the keys {sorted(known)}, got {sorted(values)}."
            ) from error
        spec = cls(**given)
        if "hash" in values and values["hash"] != spec.hash:
            raise FeatureSpecError(
                f"The features described have hash {values['hash']} and {len(values['columns'])} "
                f"columns, but this program computes hash {spec.hash} and {len(spec.columns)} "
                "columns from the same description. Use the version of the program that trained "
                "the model, or train the model again."
            )
        return spec

    def compute(
        self,
        image: NDArray[Any],
        world: NDArray[Any] | None,
        aspect: float | NDArray[Any],
    ) -> NDArray[np.float32]:
        """The features of a batch of frames.

        All operations are element-wise in float64, so the features of a frame have the same bits
        whether it is computed alone or in a batch of a million.

        Args:
            image: ``(n, 33, >=2)`` image landmarks as fractions of the upright frame.
            world: ``(n, 33, 3)`` world landmarks in metres, or None if there are none.
            aspect: Width / height of the frame, one number or ``(n,)``.

        Returns:
            ``(n, len(columns))`` float32; NaN where a landmark is missing.
        """
        features = np.empty((len(image), len(self.columns)), dtype=np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            for start in range(0, len(image), _BLOCK_FRAMES):
                block = slice(start, start + _BLOCK_FRAMES)
                points = point_array(
                    image[block],
                    None if world is None else world[block],
                    aspect[block] if isinstance(aspect, np.ndarray) else aspect,
                )
                np.concatenate(
                    self._group_columns(points), axis=1, out=features[block], casting="same_kind"
                )
        return features

    def _group_columns(self, points: PointArray) -> list[NDArray[np.float64]]:
        torso_length = body.torso_length(points)
        columns = []
        for group in self.groups:
            if group == "angles":
                columns.append(angles.joint_angles_deg(points))
            elif group == "spatial":
                columns.append(spatial.relations(points, self._level_margins))
            elif group == "body":
                columns.append(body.positions(points, torso_length))
            elif group == "facing":
                columns.append(body.facing(points, torso_length))
            else:
                columns.append(torso.in_torso_axes(points))
        return columns

    def of_track(self, track: LandmarkTrack) -> NDArray[np.float32]:
        """The features of every frame of a track, ``(n, len(columns))``."""
        return self.compute(track.image, track.world, track.aspect)
