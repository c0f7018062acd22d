"""A model's predictions on rows that it has not learned from."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Dataset


@dataclass(frozen=True)
class Predictions:
    """A model's predictions on rows that it has not learned from.

    Attributes:
        labels: Names of the labels, in the order of the probabilities.
        truth: ``(n,)`` int64, codes of the true labels.
        probabilities: ``(n, labels)``.
        filenames: ``(n,)`` recording of each row.
        frame_numbers: ``(n,)`` int64.
    """

    labels: tuple[str, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.floating[Any]]
    filenames: NDArray[np.str_]
    frame_numbers: NDArray[np.int64]

    @classmethod
    def of(cls, data: Dataset, probabilities: NDArray[np.floating[Any]]) -> Self:
        """Predictions for the rows of a table."""
        return cls(data.labels, data.codes, probabilities, data.filenames, data.frame_numbers)

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """``(n,)`` code of the most likely label."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    def rows(self, chosen: NDArray[np.bool_]) -> Self:
        """Only some of the rows; ``chosen`` is an ``(n,)`` mask."""
        return replace(
            self,
            truth=self.truth[chosen],
            probabilities=self.probabilities[chosen],
            filenames=self.filenames[chosen],
            frame_numbers=self.frame_numbers[chosen],
        )
