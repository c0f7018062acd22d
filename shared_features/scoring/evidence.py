"""Whether a hold was seen well enough to get points, and the reason if it was not."""

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX, VISIBILITY
from shared_features.scoring.ideals import PoseIdeal
from shared_features.scoring.measures import HoldMeasures

_TRUNK = [
    LANDMARK_INDEX[f"{side}_{joint}"] for joint in ("SHOULDER", "HIP") for side in ("LEFT", "RIGHT")
]


def unseen(
    image: NDArray[np.float32],
    min_visibility: float,
    min_seen: float,
    all_in_view: NDArray[np.bool_],
) -> str | None:
    """Why a hold cannot be measured at all; None if it can.

    Args:
        image: ``(n, 33, >=4)`` landmarks of the hold's frames; NaN without a person.
        min_visibility: Least median visibility of shoulders and hips.
        min_seen: Least share of the frames with a person, and with all of the body in view.
        all_in_view: ``(n,)`` whether all of the body is in view.
    """
    person = ~np.isnan(image[:, 0, 0])
    if person.mean() < min_seen:
        return f"the performer was seen in only {person.mean():.0%} of the hold"
    visible = np.median(image[person][:, _TRUNK, VISIBILITY], axis=0)
    if visible.min() < min_visibility:
        return "shoulders or hips are hidden"
    if all_in_view[person].mean() < min_seen:
        return "not all of the body is in view"
    return None


def unmeasured(measures: HoldMeasures, ideal: PoseIdeal) -> str | None:
    """Why the measures are too few for points; None if they are enough."""
    hidden = [
        name
        for name, pair in (("knees", measures.knees_deg), ("elbows", measures.elbows_deg))
        if np.isnan(pair).all()
    ]
    if hidden == ["knees", "elbows"] or "knees" in hidden:
        return f"{' and '.join(hidden)} cannot be measured: hidden, or pointing at the camera"
    if ideal.hip_deg is not None and np.isnan(measures.hips_deg):
        return "the line of the body cannot be measured"
    return None
