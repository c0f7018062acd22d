"""The alignment of two recordings of one routine: from a moment of one to that of the other.

Two sequences are aligned coarsely first, as wholes, and then more and more finely around the
coarser path. The coarse path also says which features agree between these two recordings (the
same performer from the same side agrees in more than two people from opposite sides), and each
feature counts accordingly.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared_features.alignment.fit import Fit, distances, fit_of, typical_distance
from shared_features.alignment.sequences import FrameSequence, pose_sequence, smoothed
from shared_features.alignment.smoothing import evened
from shared_features.alignment.warping import Path, refined_path, warping_path
from shared_features.landmarks.landmarks import LandmarkTrack

FloatArray = NDArray[np.float64]

# The coarsest level has at most this many samples, and at most this rate.
_COARSEST_SAMPLES = 1200
_COARSEST_LEVEL = 2
_BLOCK_PAIRS = 16
_COMPONENTS = 16
_SMOOTHING = 5
_REWEIGHTINGS = 2
# Mean squared difference of a feature below which it cannot agree better, in units of its variance.
_NOISE = 0.05
# An alignment that leaves out an end must fit this much better than one that does not.
_WORTH_LEAVING_OUT = 0.75
# … and the part that is left has at least this share of the shorter recording.
_LEAST_SHARE = 0.4
# Sequences of more features than this are reduced to their principal components.
_MOST_FEATURES = 128
_CONSTANT = 1e-9
_OPEN_REFERENCE = 0.5
_WORTH_FLIPPING = 0.97


@dataclass(frozen=True)
class Alignment:
    """Which moment of the target is which moment of the reference.

    Attributes:
        reference_s: ``(n,)`` evenly spaced times of the reference, in seconds.
        target_s: ``(n,)`` the same moments in the target; they never fall. NaN where the reference
            begins earlier or ends later than the target.
        distance: ``(n,)`` how different the two recordings are there, relative to two random
            moments (1); NaN like ``target_s``.
        known: ``(n,)`` whether something is known of both recordings there.
        fit: How well the two fit at all.
        mirrored: Whether the target was flipped left to right to fit.
    """

    reference_s: FloatArray
    target_s: FloatArray
    distance: FloatArray
    known: NDArray[np.bool_]
    fit: Fit
    mirrored: bool = False

    def at(self, reference_s: float | FloatArray) -> FloatArray:
        """Times in the target of times in the reference, in seconds; NaN where there are none."""
        found = np.interp(reference_s, self.reference_s, self.target_s, left=np.nan, right=np.nan)
        return np.asarray(found)


def align(reference: FrameSequence, target: FrameSequence) -> Alignment:
    """Align two sequences of the same features, in time and memory that grow with their length."""
    if reference.values.shape[1] > _MOST_FEATURES:
        reference, target = _reduced(reference, target)
    a, b = _standardised(reference, target)
    levels = _levels(a, b)
    side = reference.from_any_side
    top_a, top_b = levels[-1]
    path = _open_ended_path(top_a[:, side], top_b[:, side])
    weights = np.where(side, 1.0, 0.0)
    for _ in range(_REWEIGHTINGS):
        weights = np.sqrt(_agreement(top_a, top_b, path))
        path = _like(path, top_a * weights, top_b * weights)
    basis = weights[:, None] * _basis(top_a * weights, top_b * weights)
    for fine_a, fine_b in reversed(levels[:-1]):
        path = refined_path(fine_a @ basis, fine_b @ basis, path, _BLOCK_PAIRS)
    rows, position = _as_map(path)
    position = evened(a @ basis, b @ basis, rows, position)
    rate_hz = reference.rate_hz
    rows_s, target_s = rows / rate_hz, position / rate_hz
    middle = levels[min(_COARSEST_LEVEL, len(levels) - 1)]
    step = 2 ** min(_COARSEST_LEVEL, len(levels) - 1)
    there = np.interp(np.arange(len(middle[0])) * step, rows, position, left=np.nan, right=np.nan)
    distance = distances(middle[0] * weights, middle[1] * weights, there / step)
    distance /= typical_distance(middle[0] * weights, middle[1] * weights)
    fit = fit_of(middle[0][:, side], middle[1][:, side], there / step, rate_hz / step)
    times_s = np.arange(len(middle[0])) * step / rate_hz
    return Alignment(
        reference_s=reference.times_s,
        target_s=np.interp(reference.times_s, rows_s, target_s, left=np.nan, right=np.nan),
        distance=_filled(reference.times_s, times_s, distance),
        known=_known(reference, target, rows, position),
        fit=fit,
    )


def _reduced(
    reference: FrameSequence, target: FrameSequence
) -> tuple[FrameSequence, FrameSequence]:
    """Both by the principal components of the two of them, the features of any side only."""
    side = reference.from_any_side
    values = np.concatenate([reference.values[:, side], target.values[:, side]])
    sample = values[:: max(1, len(values) // _COARSEST_SAMPLES)]
    middle = sample.mean(axis=0)
    _, _, components = np.linalg.svd(sample - middle, full_matrices=False)
    basis = components[:_MOST_FEATURES].T
    every = np.ones(basis.shape[1], bool)
    one, two = (
        replace(given, values=(given.values[:, side] - middle) @ basis, from_any_side=every)
        for given in (reference, target)
    )
    return one, two


def align_poses(reference: LandmarkTrack, target: LandmarkTrack) -> Alignment:
    """Align the poses of two recordings; the target is flipped left to right if that fits better.

    Raises:
        AlignmentError: There is no person in one of them, or it is too short.
    """
    sequence = pose_sequence(reference)
    as_it_is = align(sequence, pose_sequence(target))
    flipped = align(sequence, pose_sequence(target.mirrored()))
    if flipped.fit.distance < _WORTH_FLIPPING * as_it_is.fit.distance:
        return replace(flipped, mirrored=True)
    return as_it_is


def _filled(at_s: FloatArray, times_s: FloatArray, values: FloatArray) -> FloatArray:
    seen = np.isfinite(values)
    return np.interp(at_s, times_s[seen], values[seen], left=np.nan, right=np.nan)


def _known(
    reference: FrameSequence, target: FrameSequence, rows: FloatArray, position: FloatArray
) -> NDArray[np.bool_]:
    partner = np.interp(np.arange(len(reference)), rows, position)
    nearest = np.clip(np.round(partner).astype(np.intp), 0, len(target) - 1)
    known: NDArray[np.bool_] = reference.known & target.known[nearest]
    return known


def _standardised(reference: FrameSequence, target: FrameSequence) -> tuple[FloatArray, FloatArray]:
    """Both with mean 0 and variance 1 of each feature, over the two of them."""
    seen = np.concatenate([reference.values[reference.known], target.values[target.known]])
    mean = seen.mean(axis=0)
    # A feature that hardly changes says little more than how noisy it is.
    deviation = np.hypot(seen.std(axis=0), reference.noise)
    deviation[deviation < _CONSTANT] = np.inf
    return (reference.values - mean) / deviation, (target.values - mean) / deviation


def _levels(a: FloatArray, b: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Both sequences at full, half, quarter … rate, down to the coarsest level."""
    levels = [(a, b)]
    while len(levels) <= _COARSEST_LEVEL or max(map(len, levels[-1])) > _COARSEST_SAMPLES:
        a, b = (smoothed(values, _SMOOTHING)[::2] for values in levels[-1])
        levels.append((a, b))
    return levels


def _open_ended_path(a: FloatArray, b: FloatArray) -> Path:
    """The best path; it leaves out ends of one recording only if the rest fits far better."""
    best = warping_path(a, b)
    least = _mean_distance(a, b, best)
    shortest = _LEAST_SHARE * min(len(a), len(b))
    for open_a, open_b in ((0, len(b) - 1), (int(_OPEN_REFERENCE * len(a)), 0)):
        path = warping_path(a, b, open_a, open_b)
        found = _mean_distance(a, b, path)
        spans = path[-1] - path[0] + 1
        if spans.min() >= shortest and found < _WORTH_LEAVING_OUT * least:
            best, least = path, found
    return best


def _mean_distance(a: FloatArray, b: FloatArray, path: Path) -> float:
    return float(np.linalg.norm(a[path[:, 0]] - b[path[:, 1]], axis=1).mean())


def _like(path: Path, a: FloatArray, b: FloatArray) -> Path:
    """The best path with other weights between the ends of the given one."""
    (first_a, first_b), (last_a, last_b) = path[0], path[-1]
    found = warping_path(a[first_a : last_a + 1], b[first_b : last_b + 1])
    found += path[0]
    return found


def _agreement(a: FloatArray, b: FloatArray, path: Path) -> FloatArray:
    """``(d,)`` weight of each feature: how much better it agrees along the path than by chance.

    By chance, the squared difference of a standardised feature is 2 on average.
    """
    squares = (a[path[:, 0]] - b[path[:, 1]]) ** 2
    typical = np.minimum(squares, np.quantile(squares, 0.9, axis=0)).mean(axis=0) + _NOISE
    weight: FloatArray = np.clip(1 - typical / 2, 0, None) ** 2 / typical
    if not weight.any():
        weight[:] = 1.0
    return weight


def _basis(a: FloatArray, b: FloatArray) -> FloatArray:
    """``(d, k)`` principal components: nearly the same distances for a fraction of the work."""
    _, _, components = np.linalg.svd(np.concatenate([a, b]), full_matrices=False)
    basis: FloatArray = components[:_COMPONENTS].T
    return basis


def _as_map(path: Path) -> tuple[FloatArray, FloatArray]:
    """Each sample of the reference on the path, and the middle of its partners in the target."""
    rows, starts, counts = np.unique(path[:, 0], return_index=True, return_counts=True)
    first = path[starts, 1]
    last = path[starts + counts - 1, 1]
    position = np.maximum.accumulate((first + last) / 2)
    return rows.astype(np.float64), position
