"""How far a hold is from its pose's ideal line: degrees, centimetres and seconds from landmarks.

Angles at the joints are measured in the image, in square pixels: on rendered holds filmed from the
side, the world landmarks' depth makes them two to ten times as wrong. Elevations come from heights
alone and the known proportions of a body (``asin(height / length)``), so they do not change when
the body turns away from the camera.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_features.features.body import LIMB_SHARES, torso_length
from shared_features.features.points import IMAGE, POINT_INDEX, PointArray, X, Y, point_array
from shared_features.landmarks.landmarks import LANDMARK_INDEX, VISIBILITY
from shared_features.scoring.ideals import PoseIdeal

SIDES = ("LEFT", "RIGHT")

TORSO_M = 0.288 * 1.72
"""Length of the torso of a person of 1.72 m (Winter, table 4.1): landmarks have no scale of their
own, so centimetres are those of such a person."""

# A movement slower than this is a swing or a drift, not a tremor, in seconds.
_SWING_S = 0.8
# A body has arrived when no joint is farther than this from where it settles, in torso lengths:
# about 13 degrees of torso or thigh.
_ARRIVED = 0.22
# Movements are smoothed over this long before the arrival is looked for.
_STEADY_S = 0.25
_SETTLED_SHARE = 0.5
_STAYS_S = 0.3
# Median of the absolute value of a sine wave of amplitude 1.
_SINE_MEDIAN = 0.7071
# A limb that appears shorter than this share of its length points at the camera: its bend cannot be
# seen. One that changes by more than this from frame to frame (median, degrees) is not tracked.
_LEAST_FRAMES = 5
_FORESHORTENED = 0.6
_UNTRACKED_DEG = 8.0

THIGH_SHARE = LIMB_SHARES["HIP", "KNEE"]

Frames = NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True)
class HoldMeasures:
    """What was measured in a hold; NaN where it could not be, or where the pose prescribes nothing.

    Attributes:
        hips_deg: In a lever, hips below the line from shoulders to knees (negative: above it). In
            an l-hang, legs below level. In a fold, how far it is from closed.
        tilt_deg: In a lever, the line of the body below level at the feet. In an l-hang, torso off
            the vertical, away from the legs.
        knees_deg: Bend of the left and the right knee.
        elbows_deg: Bend of the left and the right elbow, of arms on the straps.
        uneven_deg: Left leg lower than the right one (negative: higher).
        shake_cm: Amplitude of the hips' tremor against the hands.
        hands_shake_cm: Amplitude of the hands' own tremor, that of the camera included.
        jitter_cm: By how much torso and thighs seem to change their length: a body does not, so
            this is the unsteadiness of the landmarks.
        late_s: Time from the start of the hold until the body has arrived.
        symmetry_deg: Mean difference between the joint angles of left and right.
    """

    hips_deg: float
    tilt_deg: float
    knees_deg: Pair
    elbows_deg: Pair
    uneven_deg: float
    shake_cm: float
    hands_shake_cm: float
    jitter_cm: float
    late_s: float
    symmetry_deg: float


def measure(
    image: NDArray[np.float32],
    pts_s: NDArray[np.float64],
    aspect: float,
    ideal: PoseIdeal,
    min_visibility: float,
) -> HoldMeasures:
    """Measure a hold.

    Args:
        image: ``(n, 33, >=4)`` landmarks of the hold's frames, as in ``LandmarkTrack.image``; NaN
            without a person. At least one frame has a person.
        pts_s: ``(n,)`` increasing times in seconds.
        aspect: Width over height of the frames.
        ideal: The pose's ideal line.
        min_visibility: A joint whose median visibility is lower is not measured.
    """
    seen = ~np.isnan(image[:, 0, 0])
    image, times = image[seen], pts_s[seen]
    points = point_array(image, None, aspect)
    torso = float(np.median(torso_length(points)))
    visible = np.median(image[:, :, VISIBILITY], axis=0) >= min_visibility
    late_s = _arrival_s(points, times, torso) - float(pts_s[0])
    settled = times >= late_s + pts_s[0]
    still = points[:, settled]
    line = _line(still, torso, ideal)
    arms = holding_arms(still, ideal.arms)
    hips, hands, jitter = _tremors_cm(still, times[settled], torso, arms)
    return HoldMeasures(
        hips_deg=line[0],
        tilt_deg=line[1],
        knees_deg=_bends(still, torso, ("HIP", "KNEE", "ANKLE"), visible, (True, True)),
        elbows_deg=_bends(still, torso, ("SHOULDER", "ELBOW", "WRIST"), visible, arms),
        uneven_deg=_uneven_deg(still, torso, visible) if ideal.symmetrical else np.nan,
        shake_cm=hips,
        hands_shake_cm=hands,
        jitter_cm=jitter,
        late_s=late_s,
        symmetry_deg=_symmetry_deg(still),
    )


def holding_arms(points: PointArray, arms: int) -> tuple[bool, bool]:
    """Which arms hang from the straps: both, or the one whose hand is higher."""
    if arms == 2:
        return True, True
    left, right = (np.median(_at(points, f"{side}_WRIST")[Y]) for side in SIDES)
    return bool(left <= right), bool(left > right)


def _line(points: PointArray, torso: float, ideal: PoseIdeal) -> Pair:
    """``hips_deg`` and ``tilt_deg``."""
    if ideal.hip_deg is None:
        return np.nan, np.nan
    neck, hips = _at(points, "NECK"), _at(points, "HIPS")
    knees = (_at(points, "LEFT_KNEE") + _at(points, "RIGHT_KNEE")) / 2
    thigh = torso * THIGH_SHARE
    if ideal.is_line:
        sag = _elevation_deg(hips, knees, thigh) - _elevation_deg(neck, hips, torso)
        return _median(sag), -_median(_elevation_deg(neck, knees, torso + thigh))
    if ideal.legs_elevation_deg is not None:
        legs = _elevation_deg(hips, knees, thigh) - ideal.legs_elevation_deg
        # Only visible from the side: in the image, away from where the legs point.
        outward = np.sign(np.median(knees[X] - hips[X]))
        lean = np.degrees(np.arctan2(outward * (hips[X] - neck[X]), hips[Y] - neck[Y]))
        return -_median(legs), _median(lean)
    fold = 180 - np.abs(_turn_deg(neck, hips, knees))
    return _median(fold) - ideal.hip_deg, np.nan


def _bends(
    points: PointArray,
    torso: float,
    chain: tuple[str, str, str],
    visible: NDArray[np.bool_],
    wanted: tuple[bool, bool],
) -> Pair:
    """Bend of a joint on the left and on the right; NaN where it is not wanted or not seen."""
    bends = []
    for side, measured in zip(SIDES, wanted, strict=True):
        names = [f"{side}_{joint}" for joint in chain]
        bends.append(np.nan)
        if not measured or not all(visible[LANDMARK_INDEX[name]] for name in names):
            continue
        joints = [_at(points, name) for name in names]
        lengths = [
            float(np.median(np.linalg.norm(end - start, axis=0))) / LIMB_SHARES[limb]
            for start, end, limb in zip(joints, joints[1:], itertools.pairwise(chain), strict=False)
        ]
        turns = _turn_deg(*joints)
        # Signed, so that errors to either side cancel out instead of adding up to a bend.
        bend = _median(turns)
        unsteady = _median(np.abs(turns - bend))
        if min(lengths) >= _FORESHORTENED * torso and unsteady <= _UNTRACKED_DEG:
            bends[-1] = abs(bend)
    return bends[0], bends[1]


def _uneven_deg(points: PointArray, torso: float, visible: NDArray[np.bool_]) -> float:
    elevations = []
    for side in SIDES:
        if not visible[LANDMARK_INDEX[f"{side}_KNEE"]]:
            return np.nan
        hip, knee = (_at(points, f"{side}_{joint}") for joint in ("HIP", "KNEE"))
        elevations.append(_median(_elevation_deg(hip, knee, torso * THIGH_SHARE)))
    return elevations[1] - elevations[0]


def _symmetry_deg(points: PointArray) -> float:
    """Mean difference of elbow, shoulder, hip and knee between left and right."""
    differences = []
    for chain in (
        ("SHOULDER", "ELBOW", "WRIST"),
        ("ELBOW", "SHOULDER", "HIP"),
        ("SHOULDER", "HIP", "KNEE"),
        ("HIP", "KNEE", "ANKLE"),
    ):
        left, right = (
            _median(np.abs(_turn_deg(*(_at(points, f"{side}_{joint}") for joint in chain))))
            for side in SIDES
        )
        differences.append(abs(left - right))
    return float(np.mean(differences))


def _tremors_cm(
    points: PointArray, times: NDArray[np.float64], torso: float, arms: tuple[bool, bool]
) -> tuple[float, float, float]:
    """Amplitude of the hips against the hands, of the hands, and of what should not move at all."""
    if len(times) < _LEAST_FRAMES:
        return np.nan, np.nan, np.nan
    hands = np.mean(
        [_at(points, f"{side}_WRIST") for side, on in zip(SIDES, arms, strict=True) if on], axis=0
    )
    lengths = np.stack(
        [
            np.linalg.norm(_at(points, end) - _at(points, start), axis=0)
            for start, end in (
                ("NECK", "HIPS"),
                ("LEFT_HIP", "LEFT_KNEE"),
                ("RIGHT_HIP", "RIGHT_KNEE"),
            )
        ]
    )
    to_cm = 100 * TORSO_M / torso
    jitter = float(np.median(_amplitudes(lengths, times)))
    hips = float(np.linalg.norm(_amplitudes(_at(points, "HIPS") - hands, times)))
    still = float(np.linalg.norm(_amplitudes(hands, times)))
    return to_cm * max(0.0, hips - jitter), to_cm * still, to_cm * jitter


def _amplitudes(values: Frames, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(rows,)`` amplitude of what is faster than a swing: as of a sine wave."""
    fast = values - _smoothed(values, times, _SWING_S)
    # By the median, which a few frames with misplaced joints do not change.
    typical: NDArray[np.float64] = np.median(np.abs(fast), axis=1) / _SINE_MEDIAN
    return typical


def _arrival_s(points: PointArray, times: NDArray[np.float64], torso: float) -> float:
    """Time at which every joint is near where it settles in the second half of the hold."""
    hips = _at(points, "HIPS")
    joints = np.stack(
        [(_at(points, f"LEFT_{j}") + _at(points, f"RIGHT_{j}")) / 2 - hips for j in _BODY]
    )
    smooth = np.stack([_smoothed(joint, times, _STEADY_S) for joint in joints])
    settled = times >= times[0] + (times[-1] - times[0]) * _SETTLED_SHARE
    apart = np.linalg.norm(smooth - np.median(smooth[:, :, settled], axis=2)[:, :, None], axis=1)
    near = apart.max(axis=0) <= _ARRIVED * torso
    for index in np.flatnonzero(near & ~settled):
        soon = (times >= times[index]) & (times <= times[index] + _STAYS_S)
        if near[soon].all():
            return float(times[index])
    return float(times[settled][0])


_BODY = ("SHOULDER", "WRIST", "KNEE", "ANKLE")


def _smoothed(positions: Frames, times: NDArray[np.float64], window_s: float) -> Frames:
    """Centred moving average of ``(rows, n)`` values over a time window."""
    first = np.searchsorted(times, times - window_s / 2)
    last = np.searchsorted(times, times + window_s / 2, side="right")
    sums = np.concatenate([np.zeros((len(positions), 1)), np.cumsum(positions, axis=1)], axis=1)
    averages: Frames = (sums[:, last] - sums[:, first]) / (last - first)
    return averages


def _at(points: PointArray, name: str) -> Frames:
    """``(2, n)`` image positions of a point, in frame heights."""
    position: Frames = points[IMAGE, :, POINT_INDEX[name]]
    return position


def _elevation_deg(start: Frames, end: Frames, length: float) -> Frames:
    """Elevation of a segment of known length above the horizontal, from any side."""
    return np.asarray(np.degrees(np.arcsin(np.clip((start[Y] - end[Y]) / length, -1, 1))))


def _turn_deg(a: Frames, b: Frames, c: Frames) -> Frames:
    """By how much the path a-b-c turns at b: 0 is straight; signed, clockwise in the image."""
    u, v = b - a, c - b
    return np.asarray(np.degrees(np.arctan2(u[X] * v[Y] - u[Y] * v[X], u[X] * v[X] + u[Y] * v[Y])))


def _median(values: Frames) -> float:
    return float(np.median(values))
