"""How well two aligned recordings fit: their distance, their order, and whether it is one routine.

A path through two recordings exists whatever they show, so the path alone proves nothing. Two
numbers do: how different the recordings are along the path compared with random moments, and
whether moments that look most alike also come in the same order (Kendall's tau, as in Dwibedi et
al., Temporal Cycle-Consistency Learning, CVPR 2019).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Logistic regression on generated routines (docs/splits.md): offset, distance, Kendall's tau.
_SAME_ROUTINE = (8.48, -24.03, 11.03)
_TAU_MOMENTS = 150
_CONTEXT_S = 1.28
_TYPICAL_SAMPLES = 400


@dataclass(frozen=True)
class Fit:
    """How well two recordings fit.

    Attributes:
        distance: Mean distance along the path, relative to two random moments (1).
        kendall_tau: Agreement of the order of moments that look most alike: 1 the same order, 0
            none, −1 the reverse. Movements that repeat lower it, because repetitions look alike.
        confidence: Probability, 0 to 1, that the two show the same routine.
    """

    distance: float
    kendall_tau: float
    confidence: float

    @property
    def same_routine(self) -> bool:
        """Whether the two show the same routine, more likely than not."""
        return self.confidence >= 0.5


def fit_of(a: FloatArray, b: FloatArray, there: FloatArray, rate_hz: float) -> Fit:
    """The fit of two sequences.

    Args:
        a: ``(n, d)`` features of the reference.
        b: ``(m, d)`` features of the target.
        there: ``(n,)`` position in ``b`` of each sample of ``a``, with fractions; NaN where there
            is none.
        rate_hz: Samples per second.
    """
    along = distances(a, b, there)
    distance = float(np.nanmean(along)) / typical_distance(a, b)
    tau = kendall_tau(a, b, rate_hz)
    offset, per_distance, per_tau = _SAME_ROUTINE
    evidence = offset + per_distance * distance + per_tau * tau
    return Fit(distance, tau, 1 / (1 + float(np.exp(-evidence))))


def distances(a: FloatArray, b: FloatArray, there: FloatArray) -> FloatArray:
    """``(n,)`` distance of each sample of ``a`` from its partner in ``b``; NaN where none."""
    found = np.isfinite(there)
    result = np.full(len(a), np.nan)
    result[found] = np.linalg.norm(a[found] - sampled(b, there[found]), axis=1)
    return result


def sampled(values: FloatArray, position: FloatArray) -> FloatArray:
    """Rows of ``values`` at positions with fractions, interpolated."""
    low = np.clip(np.floor(position).astype(np.intp), 0, len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    share = np.clip(position - low, 0, 1)[:, None]
    result: FloatArray = (1 - share) * values[low] + share * values[high]
    return result


def typical_distance(a: FloatArray, b: FloatArray) -> float:
    """Median distance of a random moment of ``a`` from a random moment of ``b``."""
    apart = _pairwise(_spread(a, _TYPICAL_SAMPLES), _spread(b, _TYPICAL_SAMPLES))
    return max(float(np.median(apart)), 1e-9)


def kendall_tau(a: FloatArray, b: FloatArray, rate_hz: float) -> float:
    """Kendall's tau of the moments of ``b`` that look most like evenly spread moments of ``a``.

    Moments are compared with what happens around them.
    """
    reach = round(_CONTEXT_S * rate_hz)
    reach = min(reach, (len(a) - 2) // 2, (len(b) - 2) // 2)
    offsets = np.unique(np.linspace(-reach, reach, 9).round().astype(np.intp))
    moments_a = np.linspace(reach, len(a) - 1 - reach, _TAU_MOMENTS).astype(np.intp)
    moments_b = np.linspace(reach, len(b) - 1 - reach, 2 * _TAU_MOMENTS).astype(np.intp)
    around_a = np.concatenate([a[moments_a + offset] for offset in offsets], axis=1)
    around_b = np.concatenate([b[moments_b + offset] for offset in offsets], axis=1)
    alike = moments_b[_pairwise(around_a, around_b).argmin(axis=1)]
    earlier, later = np.triu_indices(len(alike), 1)
    return float(np.sign(alike[later] - alike[earlier]).mean())


def _spread(values: FloatArray, n: int) -> FloatArray:
    return values[np.unique(np.linspace(0, len(values) - 1, n).astype(np.intp))]


def _pairwise(a: FloatArray, b: FloatArray) -> FloatArray:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    apart: FloatArray = np.sqrt(np.maximum(squares, 0))
    return apart
