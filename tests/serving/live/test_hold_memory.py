"""A hold that ends live has the score that an analysis of the same frames gives it."""

import numpy as np
import pytest

from serving.live.hold_memory import HoldMemory
from shared_features.params import ScoringParams
from shared_features.scoring.holds import score_hold
from tests.holds import ASPECT, filmed
from training.synthetic.executions import KnownFaults, execution

PARAMS = ScoringParams()


def test_the_score_is_that_of_an_analysis() -> None:
    """Frames before and after the hold, and frames without a person, do not change that."""
    faults = KnownFaults(hips_deg=20)
    hold = execution(np.random.default_rng(1), "front lever", faults, 2.0)
    image, pts_s = filmed(hold)
    memory = HoldMemory(PARAMS)
    for number in range(20):
        memory.add(number / 10, None)
    for time_s, landmarks in zip(pts_s + 10, image, strict=True):
        memory.add(float(time_s), landmarks)
    memory.add(12.5, image[0])
    expected = score_hold("front lever", image, pts_s + 10, 2.0, ASPECT, PARAMS)
    score = memory.score("front lever", 10.0, 12.0, ASPECT)
    assert expected.points is not None
    assert score.points == pytest.approx(expected.points)
    assert [fault.text for fault in score.faults] == [fault.text for fault in expected.faults]
    # What belonged to the hold is forgotten.
    assert memory.score("front lever", 10.0, 12.0, ASPECT).points is None
