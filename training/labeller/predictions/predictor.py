"""A model's predictions for recordings, and the interface of the threads that compute them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from training.recordings.catalog import Recording

FAILED = "The model failed on this recording, so there are no proposals. The tool's log says why."


@dataclass(frozen=True)
class Prediction:
    """A model's predictions for a recording, as far as they are known.

    Attributes:
        state: ``none`` if there will be no predictions, ``computing``, or ``ready``.
        progress: Share of the frames that are done, 0 to 1.
        note: Reason why there are no predictions.
        probabilities: Probabilities ``(frames, labels)`` when ready.
        labels: Labels of the columns.
    """

    state: Literal["none", "computing", "ready"]
    progress: float = 0.0
    note: str | None = None
    probabilities: NDArray[np.float32] | None = None
    labels: tuple[str, ...] = ()


class Predictor(Protocol):
    """Predicts labels in the background."""

    def prioritise(self, recordings: Sequence[Recording]) -> None:
        """Take the recording on the page first, then the ones that come next."""

    def prediction(self, filename: str) -> Prediction:
        """The predictions for a recording so far."""

    def close(self) -> None:
        """Stop the thread."""


class NoPredictor:
    """Stands in when there is no model: no predictions, and a note that says why."""

    def __init__(self, note: str | None) -> None:
        self._prediction = Prediction("none", note=note)

    def prioritise(self, recordings: Sequence[Recording]) -> None:
        """Do nothing."""

    def prediction(self, filename: str) -> Prediction:
        """The note, whatever the recording."""
        del filename
        return self._prediction

    def close(self) -> None:
        """Do nothing."""
