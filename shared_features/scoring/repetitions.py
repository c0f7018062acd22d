"""Repetitions of a movement between two positions: counted, and scored one by one.

A joint angle is watched with hysteresis: a repetition begins when the joint leaves its straight
position (``up_deg``), must pass ``down_deg``, and ends when the joint is straight again. Wobbling
around one of the thresholds counts as nothing. What the recording cuts off is reported, but not
counted.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_features.features.angles import COLUMNS, joint_angles_deg
from shared_features.features.points import point_array
from shared_features.scoring.faults import cost

if TYPE_CHECKING:
    from shared_features.params import MovementParams

FULL_POINTS = 100.0
# The angle is smoothed over this long, so that one misplaced frame is no turning point.
_SMOOTHING_S = 0.12


@dataclass(frozen=True)
class Repetition:
    """One repetition.

    Attributes:
        start_s: When the joint left its straight position.
        end_s: When it was straight again.
        deepest_s: When it was bent most.
        deepest_deg: The angle then, mean of both sides.
        uneven_deg: Difference between the sides then; NaN if one was not seen.
        complete: Whether all of it is in the recording; only complete ones count and have points.
        points: 0 to 100; None if it is not complete.
        faults: What cost points, in words.
    """

    start_s: float
    end_s: float
    deepest_s: float
    deepest_deg: float
    uneven_deg: float
    complete: bool
    points: float | None
    faults: tuple[str, ...]


def count_repetitions(
    image: NDArray[np.float32],
    pts_s: NDArray[np.float64],
    aspect: float,
    movement: "MovementParams",
) -> tuple[Repetition, ...]:
    """The repetitions of a movement in a recording, in order.

    Args:
        image: ``(n, 33, >=2)`` image landmarks; NaN without a person.
        pts_s: ``(n,)`` increasing times in seconds.
        aspect: Width over height of the frames.
        movement: Which joint is watched, its thresholds, and what a fault costs.
    """
    angles = joint_angles_deg(point_array(image, None, aspect))
    sides = np.stack(
        [angles[:, COLUMNS.index(f"{side}_{movement.joint}_angle")] for side in ("left", "right")]
    )
    seen = ~np.isnan(sides).any(axis=0)
    times, sides = pts_s[seen], sides[:, seen]
    if not len(times):
        return ()
    sides = np.stack([_smoothed(side, times) for side in sides])
    return tuple(
        _repetition(times, sides, first, last, complete, movement)
        for first, last, complete in _spans(sides.mean(axis=0), movement)
    )


def _spans(
    angle_deg: NDArray[np.float64], movement: "MovementParams"
) -> list[tuple[int, int, bool]]:
    """First and last frame of each repetition, and whether all of it is there."""
    spans = []
    first: int | None = None if angle_deg[0] >= movement.up_deg else 0
    complete, was_down = first is None, False
    for index, value in enumerate(angle_deg.tolist()):
        if value < movement.up_deg and first is None:
            first, complete, was_down = index, True, False
        if value < movement.down_deg:
            was_down = True
        if value >= movement.up_deg and first is not None:
            if was_down:
                spans.append((first, index, complete))
            first = None
    if first is not None and was_down:
        spans.append((first, len(angle_deg) - 1, False))
    return spans


def _repetition(
    times: NDArray[np.float64],
    sides: NDArray[np.float64],
    first: int,
    last: int,
    complete: bool,
    movement: "MovementParams",
) -> Repetition:
    deepest = first + int(sides[:, first : last + 1].mean(axis=0).argmin())
    angle = float(sides[:, deepest].mean())
    uneven = float(sides[0, deepest] - sides[1, deepest])
    faults = []
    points = FULL_POINTS
    short = max(0.0, angle - movement.deep_deg)
    for amount, by, text in (
        (short, movement.depth, f"{short:.0f}° short of {movement.deep_deg:.0f}°"),
        (uneven, movement.uneven, f"{movement.joint}s uneven by {abs(uneven):.0f}°"),
    ):
        costs = cost(amount, by)
        if costs >= 0.5:
            points -= costs
            faults.append(text)
    return Repetition(
        start_s=float(times[first]),
        end_s=float(times[last]),
        deepest_s=float(times[deepest]),
        deepest_deg=angle,
        uneven_deg=uneven,
        complete=complete,
        points=max(0.0, points) if complete and not math.isnan(angle) else None,
        faults=tuple(faults),
    )


def _smoothed(values: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred moving median over a short time."""
    first = np.searchsorted(times, times - _SMOOTHING_S / 2)
    last = np.searchsorted(times, times + _SMOOTHING_S / 2, side="right")
    return np.array([np.median(values[a:b]) for a, b in zip(first, last, strict=True)])
