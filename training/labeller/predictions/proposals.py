"""Label proposals: pure functions on a model's probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SURE = 24
"""Number of stretches in the page's list of least sure ones."""


@dataclass(frozen=True)
class Proposal:
    """A label for consecutive frames.

    Attributes:
        first: Number of the first frame.
        last: Number of the last frame, inclusive.
        label: Label that is the most probable one in most frames; None when no one was found.
        confidence: Mean probability of the label where a person was found, 0 to 1; 0 if none was.
    """

    first: int
    last: int
    label: str | None
    confidence: float


def propose(
    probabilities: NDArray[np.float32], labels: Sequence[str], first: int, last: int
) -> Proposal:
    """The majority label of a stretch of frames; a tie goes to the higher mean probability.

    Args:
        probabilities: ``(frames, labels)`` of the whole recording, NaN where no one was found.
        labels: labels of the columns.
        first: number of the first frame.
        last: number of the last frame, inclusive.
    """
    found = probabilities[first : last + 1]
    found = found[~np.isnan(found).any(axis=1)]
    if not len(found):
        return Proposal(first, last, None, 0.0)
    votes = np.bincount(found.argmax(axis=1), minlength=len(labels))
    mean = found.mean(axis=0)
    winner = int(np.lexsort((mean, votes))[-1])
    return Proposal(first, last, labels[winner], float(mean[winner]))


def proposals(
    probabilities: NDArray[np.float32], labels: Sequence[str], shown: Sequence[int]
) -> list[Proposal]:
    """A proposal for each stretch between shown frames."""
    firsts = [0, *(frame + 1 for frame in shown[:-1])]
    return [
        propose(probabilities, labels, first, last)
        for first, last in zip(firsts, shown, strict=True)
    ]


def least_sure(offered: Sequence[Proposal]) -> list[int]:
    """The shown frames that end the stretches the model is least sure of, least sure first.

    Stretches without a person are left out, because the model predicts nothing for them.
    """
    doubtful = sorted(
        (proposal for proposal in offered if proposal.label is not None),
        key=lambda proposal: proposal.confidence,
    )
    return [proposal.last for proposal in doubtful[:LEAST_SURE]]
