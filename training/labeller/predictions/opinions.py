"""What a model makes of recordings, as far as that is known by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from training.recordings.catalog import Recording

FAILED = "Proposals could not be computed for this recording; the tool's log says more."


@dataclass(frozen=True)
class Opinion:
    """What the model makes of a recording, as far as that is known.

    Attributes:
        state: ``none``: there will not be any; ``computing``; ``ready``.
        progress: share of the frames that are done, 0 to 1.
        note: why there is none.
        probabilities: ``(frames, labels)`` once ready.
        labels: what the columns stand for.
    """

    state: Literal["none", "computing", "ready"]
    progress: float = 0.0
    note: str | None = None
    probabilities: NDArray[np.float32] | None = None
    labels: tuple[str, ...] = ()


class Proposer(Protocol):
    """What the rest of the tool needs of it."""

    def want(self, recordings: Sequence[Recording]) -> None:
        """What is on the page now, and what comes next."""

    def opinion(self, filename: str) -> Opinion:
        """What is known of a recording."""

    def close(self) -> None:
        """End its thread."""


class NoProposer:
    """Without a model there are no proposals, and a note says why."""

    def __init__(self, note: str | None) -> None:
        self._opinion = Opinion("none", note=note)

    def want(self, recordings: Sequence[Recording]) -> None:
        """Nothing is done."""

    def opinion(self, filename: str) -> Opinion:
        """Always the same."""
        del filename
        return self._opinion

    def close(self) -> None:
        """Nothing to end."""
