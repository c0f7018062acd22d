"""The key moments of a reference in another recording, each with a confidence or "not found"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared_features.alignment.alignment import Alignment

FloatArray = NDArray[np.float64]

Reason = Literal["left out", "outside the recording", "not known", "another routine"]

REASONS: dict[Reason, str] = {
    "left out": "nothing in the target looks like the reference around this moment",
    "outside the recording": "the target begins later or ends earlier",
    "not known": "no person is in view in one of the recordings",
    "another routine": "the two recordings do not show the same routine",
}

# What is compared: from shortly before the moment until well into what follows it, …
_AROUND_S = (-0.2, 1.3)
# … and what led to it.
_BEFORE_S = (-1.3, 0.0)
# Logistic regression on generated routines with a pose left out (docs/splits.md): distance around
# the moment, the same relative to the recording's usual distance, distance before the moment, and
# speed of the target against the reference, at most 1.
_WEIGHTS = np.array([14.92, 2.88, -5.52, -6.65])
_OFFSET = -4.84
# Two recordings of one performance are so alike that any little thing would look unusual.
_USUAL_AT_LEAST = 0.3


@dataclass(frozen=True)
class Moment:
    """A key moment of the reference in the target.

    Attributes:
        reference_s: Its time in the reference, in seconds.
        target_s: Its time in the target; None if it was not found.
        confidence: Probability, 0 to 1, that the target shows it there.
        reason: Why it was not found; None if it was.
    """

    reference_s: float
    target_s: float | None
    confidence: float
    reason: Reason | None = None


def find_moments(alignment: Alignment, reference_s: Sequence[float]) -> list[Moment]:
    """Find moments of the reference in the target of an alignment, in the order given."""
    return [_find(alignment, time_s) for time_s in reference_s]


def _find(alignment: Alignment, time_s: float) -> Moment:
    target_s = float(alignment.at(time_s))
    if not alignment.fit.same_routine:
        return Moment(time_s, None, 0.0, "another routine")
    if np.isnan(target_s):
        return Moment(time_s, None, 0.0, "outside the recording")
    near = int(np.argmin(np.abs(alignment.reference_s - time_s)))
    if not alignment.known[near]:
        return Moment(time_s, None, 0.0, "not known")
    confidence = _confidence(alignment, time_s)
    if confidence < 0.5:
        return Moment(time_s, None, confidence, "left out")
    return Moment(time_s, target_s, confidence)


def _confidence(alignment: Alignment, time_s: float) -> float:
    around = _window(alignment, time_s, _AROUND_S)
    before = _window(alignment, time_s, _BEFORE_S)
    usual = max(float(np.nanmedian(alignment.distance)), _USUAL_AT_LEAST)
    distance = _mean(alignment.distance[around], usual)
    target_s = alignment.target_s[around]
    target_s = target_s[np.isfinite(target_s)]
    speed = np.ptp(target_s) / (_AROUND_S[1] - _AROUND_S[0]) if len(target_s) else 0.0
    evidence = [distance, distance / usual, _mean(alignment.distance[before], usual), min(1, speed)]
    missing = float(_WEIGHTS @ evidence) + _OFFSET
    return float(1 / (1 + np.exp(missing)))


def _window(
    alignment: Alignment, time_s: float, window_s: tuple[float, float]
) -> NDArray[np.bool_]:
    low, high = time_s + window_s[0], time_s + window_s[1]
    return (alignment.reference_s >= low) & (alignment.reference_s <= high)


def _mean(values: FloatArray, otherwise: float) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else otherwise
