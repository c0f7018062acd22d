"""What is wrong with a hold, in words and degrees, and the points that it costs.

Points follow a code of points: a hold starts with 100, and each fault costs nothing up to ``free``,
``points`` from ``full`` on, and a proportional part in between. A judge sets the numbers in
``params.yaml``.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared_features.scoring.ideals import PoseIdeal
from shared_features.scoring.measures import HoldMeasures, Pair

if TYPE_CHECKING:
    from shared_features.params import CodeOfPoints, FaultCost

FaultKind = Literal["hips", "tilt", "knees", "elbows", "uneven", "shake", "late"]

FULL_POINTS = 100.0
# What would cost less is no fault: "0 points" would only puzzle.
_LEAST_POINTS = 0.5


@dataclass(frozen=True)
class Fault:
    """One fault of a hold.

    Attributes:
        kind: What is wrong.
        amount: By how much, in ``unit``; signed where it can be to either side.
        unit: ``deg``, ``cm`` or ``s``.
        points: Points that it costs.
        text: The fault in words, for people.
    """

    kind: FaultKind
    amount: float
    unit: Literal["deg", "cm", "s"]
    points: float
    text: str


def faults_of(
    measures: HoldMeasures, ideal: PoseIdeal, duration_s: float, code: "CodeOfPoints"
) -> tuple[Fault, ...]:
    """The faults that cost points, the most expensive first."""
    found = (
        _hips(measures.hips_deg, ideal, code.hips),
        _tilt(measures.tilt_deg, ideal, code.tilt),
        _bent("knees", measures.knees_deg, code.knees),
        _bent("elbows", measures.elbows_deg, code.elbows),
        _uneven(measures.uneven_deg, code.uneven),
        _shake(measures, code.shake),
        _late(measures.late_s, duration_s, code.late),
    )
    return tuple(sorted((f for f in found if f is not None), key=lambda fault: -fault.points))


def points_of(faults: tuple[Fault, ...]) -> float:
    """The points of a hold with these faults, 0 to 100."""
    return max(0.0, FULL_POINTS - sum(fault.points for fault in faults))


def cost(amount: float, by: "FaultCost") -> float:
    """Points that a fault of a certain size costs; 0 for NaN, which was not measured."""
    if math.isnan(amount):
        return 0.0
    share = (abs(amount) - by.free) / (by.full - by.free)
    return by.points * min(1.0, max(0.0, share))


def _hips(deg: float, ideal: PoseIdeal, by: "FaultCost") -> Fault | None:
    if ideal.is_line:
        text = f"hips {abs(deg):.0f}° {'below' if deg > 0 else 'above'} the line"
    elif ideal.legs_elevation_deg is not None:
        text = f"legs {abs(deg):.0f}° {'below' if deg > 0 else 'above'} level"
    else:  # folded further than it has to be is no fault
        deg = max(0.0, deg)
        text = f"fold {deg:.0f}° too open"
    return _fault("hips", deg, "deg", by, text)


def _tilt(deg: float, ideal: PoseIdeal, by: "FaultCost") -> Fault | None:
    if ideal.is_line:
        text = f"body tilted {abs(deg):.0f}°, feet {'low' if deg > 0 else 'high'}"
    else:
        text = f"torso leans {'back' if deg > 0 else 'forward'} {abs(deg):.0f}°"
    return _fault("tilt", deg, "deg", by, text)


def _bent(joints: Literal["knees", "elbows"], deg: Pair, by: "FaultCost") -> Fault | None:
    """The worse side decides what it costs; the other one is named if it is at fault as well."""
    costs = {
        side: angle for side, angle in zip(("left", "right"), deg, strict=True) if cost(angle, by)
    }
    if not costs:
        return None
    joint = joints.removesuffix("s")
    if len(costs) == 2:
        text = f"{joints} bent {deg[0]:.0f}° (left) and {deg[1]:.0f}° (right)"
    else:
        ((side, angle),) = costs.items()
        text = f"{side} {joint} bent {angle:.0f}°"
    return _fault(joints, max(costs.values()), "deg", by, text)


def _uneven(deg: float, by: "FaultCost") -> Fault | None:
    lower, other = ("left", "right") if deg > 0 else ("right", "left")
    return _fault(
        "uneven", deg, "deg", by, f"{lower} leg {abs(deg):.0f}° lower than the {other} one"
    )


def _shake(measures: HoldMeasures, by: "FaultCost") -> Fault | None:
    hands = "steady"
    if measures.hands_shake_cm > by.free:
        hands = f"± {measures.hands_shake_cm:.0f} cm"
    text = f"shaking: wrists {hands}, hips ± {measures.shake_cm:.0f} cm"
    return _fault("shake", measures.shake_cm, "cm", by, text)


def _late(late_s: float, duration_s: float, by: "FaultCost") -> Fault | None:
    return _fault("late", late_s, "s", by, f"reached late: {late_s:.1f} s of {duration_s:.1f} s")


def _fault(
    kind: FaultKind,
    amount: float,
    unit: Literal["deg", "cm", "s"],
    by: "FaultCost",
    text: str,
) -> Fault | None:
    points = cost(amount, by)
    return Fault(kind, amount, unit, points, text) if points >= _LEAST_POINTS else None
