"""What a model proposes: pure functions on its probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SURE = 24
"""How many stretches are offered to be looked at first."""


@dataclass(frozen=True)
class Proposal:
    """A label for consecutive frames.

    Attributes:
        first: number of the first frame.
        last: number of the last frame, included.
        label: the one that is most probable in most of them; None when nobody was found.
        confidence: its mean probability where somebody was found, 0 to 1; 0 when nobody was.
    """

    first: int
    last: int
    label: str | None
    confidence: float


def propose(
    probabilities: NDArray[np.float32], labels: Sequence[str], first: int, last: int
) -> Proposal:
    """The label of a stretch of frames, by majority; of two equally frequent ones the surer.

    Args:
        probabilities: ``(frames, labels)`` of the whole recording, NaN where nobody was found.
        labels: what the columns stand for.
        first: number of the first frame.
        last: number of the last frame, included.
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
    """The shown frames whose stretches the model is least sure of, those first.

    Stretches without a person are left out: the model has no opinion of them.
    """
    doubtful = sorted(
        (proposal for proposal in offered if proposal.label is not None),
        key=lambda proposal: proposal.confidence,
    )
    return [proposal.last for proposal in doubtful[:LEAST_SURE]]
