"""Cuts through a body, for judging whether all of it is in view."""

import numpy as np

from benchmarks.half_bodies import cuts
from shared_features.landmarks.landmarks import LANDMARK_INDEX


def test_a_standing_body_can_be_cut_off_in_five_ways() -> None:
    """At thighs, waist and neck, and on either side; each part lacks what is cut off."""
    points = np.zeros((33, 2))
    heights = {"SHOULDER": 120, "ELBOW": 160, "WRIST": 200, "HIP": 220, "KNEE": 300}
    for name, index in LANDMARK_INDEX.items():
        side = 40 if name.startswith("LEFT") else -40
        joint = name.partition("_")[2]
        points[index] = 200 + side, heights.get(joint, 60 if index < 11 else 380)
    found = cuts(points, 400, 480)
    left, top, right, bottom = found.pop("cut at the neck")
    assert (left, right, bottom) == (0, 400, 480)
    assert 60 < top < 220
    assert found == {
        "cut at the thighs": (0, 0, 400, 260),
        "cut at the waist": (0, 0, 400, 180),
        "left side cut off": (0, 0, 200, 480),
        "right side cut off": (200, 0, 400, 480),
    }


def test_a_body_that_no_straight_cut_divides_is_not_cut() -> None:
    """As when hips and knees are in one place."""
    assert cuts(np.full((33, 2), 100.0), 400, 480) == {}
