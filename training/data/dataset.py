"""The table that models learn from, in memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Dataset:
    """Features and labels of many frames, and where each frame comes from.

    Attributes:
        columns: names of the features.
        labels: names of the labels; a frame's code is the place of its label in here.
        features: ``(n, columns)`` float32, spatial relations as codes, NaN where unknown.
        codes: ``(n,)`` int64.
        groups: ``(n,)`` str: frames of one group (a recording, its copies, its near-duplicates)
            must never be on two sides of a split.
        filenames: ``(n,)`` str: the recording, with its kind in front: ``video_routine.mp4``.
        frame_numbers: ``(n,)`` int64.
        augmented: ``(n,)`` bool: rows made up from other rows (mirror images of landmarks). They
            are trained on, and never judged by.
    """

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    features: NDArray[np.float32]
    codes: NDArray[np.int64]
    groups: NDArray[np.str_]
    filenames: NDArray[np.str_]
    frame_numbers: NDArray[np.int64]
    augmented: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.codes)

    def rows(self, chosen: NDArray[Any]) -> "Dataset":
        """Only some rows: ``chosen`` are row numbers or a ``(n,)`` mask."""
        return Dataset(
            self.columns,
            self.labels,
            self.features[chosen],
            self.codes[chosen],
            self.groups[chosen],
            self.filenames[chosen],
            self.frame_numbers[chosen],
            self.augmented[chosen],
        )
