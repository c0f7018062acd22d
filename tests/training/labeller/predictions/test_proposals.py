"""Label proposals from probabilities."""

import numpy as np
import pytest

from training.labeller.predictions.proposals import least_sure, proposals, propose

LABELS = ("tree", "plank", "other")
NO_ONE = [np.nan] * 3


def table(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


@pytest.mark.parametrize(
    ("rows", "label", "confidence"),
    [
        pytest.param([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.1, 0.9, 0]], "tree", 0.5, id="majority"),
        pytest.param([[0.6, 0.4, 0], [0.1, 0.9, 0]], "plank", 0.65, id="a tie: the surer"),
        pytest.param(
            [NO_ONE, [0.2, 0.1, 0.7], NO_ONE],
            "other",
            0.7,
            id="empty frames do not count",
        ),
        pytest.param([NO_ONE, NO_ONE], None, 0.0, id="no person at all"),
    ],
)
def test_the_majority_of_a_stretch_is_proposed(
    rows: list[list[float]], label: str | None, confidence: float
) -> None:
    """The label that is most probable in most frames, with its mean probability."""
    found = propose(table(*rows), LABELS, 0, len(rows) - 1)
    assert found.label == label
    assert found.confidence == pytest.approx(confidence)


def test_each_stretch_between_shown_frames_has_a_proposal() -> None:
    """The stretches are those that keys label; the least sure ones are listed first."""
    rows = table([0.9, 0.1, 0], *[[0.5, 0.2, 0.3]] * 2, *[NO_ONE] * 2, *[[0, 0.7, 0.3]] * 2)
    offered = proposals(rows, LABELS, shown=(0, 2, 4, 6))
    assert [(one.first, one.last, one.label) for one in offered] == [
        (0, 0, "tree"),
        (1, 2, "tree"),
        (3, 4, None),
        (5, 6, "plank"),
    ]
    assert least_sure(offered) == [2, 6, 0]
