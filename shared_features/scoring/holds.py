"""The score of a hold: its points, what cost points, and the moments to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.timeline import Segment
from shared_features.landmarks.in_view import in_view
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.scoring.evidence import unmeasured, unseen
from shared_features.scoring.faults import Fault, faults_of, points_of
from shared_features.scoring.ideals import IDEALS
from shared_features.scoring.measures import HoldMeasures, measure

if TYPE_CHECKING:
    from shared_features.params import ScoringParams

# Fewer frames than this show a moment, not a hold.
_LEAST_FRAMES = 5


@dataclass(frozen=True)
class HoldScore:
    """The score of one hold.

    Attributes:
        points: 0 to 100; None if the hold was not seen well enough.
        reason: Why there are no points; None if there are.
        faults: What cost points, the most expensive first.
        measures: Everything that was measured; None without points.
        assumed: Whether the pose's ideal line is a working assumption.
    """

    points: float | None
    reason: str | None
    faults: tuple[Fault, ...] = ()
    measures: HoldMeasures | None = None
    assumed: bool = False


def score_holds(
    track: LandmarkTrack, holds: Sequence[Segment], params: "ScoringParams"
) -> tuple[HoldScore, ...]:
    """The score of each hold of a recording, in their order."""
    scores = []
    for hold in holds:
        frames = slice(hold.first_frame, hold.last_frame + 1)
        scores.append(
            score_hold(
                hold.label,
                track.image[frames],
                track.pts_s[frames],
                hold.duration_s,
                track.aspect,
                params,
            )
        )
    return tuple(scores)


def score_hold(
    label: str,
    image: NDArray[np.float32],
    pts_s: NDArray[np.float64],
    duration_s: float,
    aspect: float,
    params: "ScoringParams",
) -> HoldScore:
    """Score a hold.

    Args:
        label: Pose that is held.
        image: ``(n, 33, >=4)`` landmarks of its frames, as in ``LandmarkTrack.image``.
        pts_s: ``(n,)`` increasing times of its frames in seconds.
        duration_s: Duration of the hold.
        aspect: Width over height of the frames.
        params: Code of points, and when there are none.
    """
    ideal = IDEALS.get(label)
    if ideal is None:
        return HoldScore(None, "this pose has no ideal line to compare with")
    if len(image) < _LEAST_FRAMES:
        return HoldScore(None, "too few frames to measure")
    reason = unseen(image, params.min_visibility, params.min_seen, in_view(image, aspect))
    if reason is not None:
        return HoldScore(None, reason)
    measures = measure(image, pts_s, aspect, ideal, params.min_visibility)
    reason = unmeasured(measures, ideal)
    if reason is not None:
        return HoldScore(None, reason)
    faults = faults_of(measures, ideal, duration_s, params.code)
    return HoldScore(points_of(faults), None, faults, measures, ideal.assumed)
