"""A recording as a sequence of feature vectors at even steps of time, ready to be aligned."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import AlignmentError
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LandmarkTrack

FloatArray = NDArray[np.float64]

RATE_HZ = 25.0
"""Samples per second of the finest level; a moment between two of them is interpolated."""

SHORTEST_S = 0.5
# A person who is out of view for less than this is still known to be there.
_GAP_S = 0.5
# In torso lengths or radians.
_POSE_NOISE = 0.1
_SPEC = FeatureSpec(groups=("body", "facing", "angles"))
_IS_ANGLE = np.array([column.endswith("_angle") for column in _SPEC.columns])


def _is_from_any_side(column: str) -> bool:
    """Whether a turn about the vertical leaves a feature as it is: heights and distances."""
    return column.startswith("body_distance") or (
        column.startswith(("body_", "facing_chest", "facing_face")) and column.endswith("_y")
    )


_FROM_ANY_SIDE = np.array([_is_from_any_side(column) for column in _SPEC.columns])


@dataclass(frozen=True)
class FrameSequence:
    """The features of a recording, at even steps of time from 0.

    Attributes:
        source: Name of the recording.
        rate_hz: Samples per second.
        values: ``(n, d)`` features without NaN; interpolated where nothing is known.
        known: ``(n,)`` whether the features of a sample are known.
        from_any_side: ``(d,)`` whether a feature is the same from every side, so that recordings
            by different cameras can be compared by it before anything else is known of them.
        noise: Standard deviation of the errors of a feature.
    """

    source: str
    rate_hz: float
    values: FloatArray
    known: NDArray[np.bool_]
    from_any_side: NDArray[np.bool_]
    noise: float = 0.0

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def times_s(self) -> FloatArray:
        """``(n,)`` times of the samples in seconds."""
        return np.arange(len(self)) / self.rate_hz

    @property
    def duration_s(self) -> float:
        """Time of the last sample in seconds."""
        return (len(self) - 1) / self.rate_hz


def pose_sequence(track: LandmarkTrack) -> FrameSequence:
    """The poses of a recording as a sequence.

    The features are joint positions in torso lengths, distances between joints, the directions of
    chest and face, and joint angles. Heights and distances are the same from every side.

    Raises:
        AlignmentError: There is no person in the recording, or it is too short.
    """
    if not track.person.any():
        raise AlignmentError(
            f"No person was found in {track.source}, so it has no poses to compare. For recordings "
            "without a person in view, use `frame` features instead of `pose` features."
        )
    values = _SPEC.of_track(track).astype(np.float64)
    values[:, _IS_ANGLE] *= np.pi / 180  # as large as the other features
    return even_sequence(track.source, track.pts_s, values, _FROM_ANY_SIDE, _POSE_NOISE)


def even_sequence(
    source: str,
    pts_s: FloatArray,
    values: FloatArray,
    from_any_side: NDArray[np.bool_] | None = None,
    noise: float = 0.0,
) -> FrameSequence:
    """A sequence at even steps from features at any times.

    Args:
        source: Name of the recording.
        pts_s: ``(n,)`` rising times in seconds.
        values: ``(n, d)`` features, NaN where unknown.
        from_any_side: ``(d,)``; None if all are.
        noise: Standard deviation of the errors of a feature.

    Raises:
        AlignmentError: The recording is shorter than ``SHORTEST_S``, or nothing in it is known.
    """
    duration_s = float(pts_s[-1]) if len(pts_s) else 0.0
    if duration_s < SHORTEST_S:
        raise AlignmentError(
            f"{source} lasts {duration_s:.2f} s; at least {SHORTEST_S} s are needed to compare it."
        )
    finite = np.isfinite(values)
    seen = finite.any(axis=1)
    if not seen.any():
        raise AlignmentError(f"Nothing is known about any frame of {source}.")
    times_s = np.arange(int(duration_s * RATE_HZ) + 1) / RATE_HZ
    even = np.zeros((len(times_s), values.shape[1]))
    for column in range(values.shape[1]):
        rows = finite[:, column]
        if rows.any():
            even[:, column] = np.interp(times_s, pts_s[rows], values[rows, column])
    known_s = pts_s[seen]
    place = np.clip(np.searchsorted(known_s, times_s), 1, max(1, len(known_s) - 1))
    near_s = np.minimum(
        np.abs(times_s - known_s[place - 1]),
        np.abs(times_s - known_s[np.minimum(place, len(known_s) - 1)]),
    )
    side = np.ones(values.shape[1], bool) if from_any_side is None else from_any_side
    return FrameSequence(source, RATE_HZ, even, near_s <= _GAP_S, side, noise)


def smoothed(values: FloatArray, width: int) -> FloatArray:
    """Weighted moving average ``(n, d)`` over ``width`` samples, an odd number; Hann weights."""
    if width < 3:
        return values
    weights = np.hanning(width + 2)[1:-1]
    weights /= weights.sum()
    half = width // 2
    padded = np.pad(values, ((half, half), (0, 0)), mode="edge")
    result = np.zeros_like(values)
    for offset, weight in enumerate(weights):
        result += weight * padded[offset : offset + len(values)]
    return result
