"""Clips on their way through the preprocessing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shared_features.sequence.layout import SequenceArray
from training.sequence.data.clips import Clip, LabelledClips, Target


@dataclass(frozen=True)
class Scaling:
    """What brings the columns of a sequence to mean 0 and standard deviation 1.

    Attributes:
        mean: ``(133,)`` means.
        scale: ``(133,)`` divisors.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]


@dataclass(frozen=True)
class Samples:
    """What one step hands to the next.

    Attributes:
        clips: The clips; empty once they are sequences.
        sequences: ``(n, num_frames, 133)``; None before ``resample``.
        targets: ``(n,)``: points or labels; after ``reclassify`` shares of 1, or codes of labels.
        groups: ``(n,)`` groups.
        kind: What the targets are.
        labels: The labels by code; empty before ``reclassify``, and for scores.
        scaling: What the model does to the sequences first; None before ``scale``.
    """

    clips: tuple[Clip, ...]
    sequences: SequenceArray | None
    targets: NDArray[Any]
    groups: NDArray[np.str_]
    kind: Target
    labels: tuple[str, ...] = ()
    scaling: Scaling | None = None

    @classmethod
    def of(cls, data: LabelledClips) -> Self:
        """Samples at the start."""
        return cls(data.clips, None, data.targets, data.groups, data.kind)

    def arrays(self) -> SequenceArray:
        """The sequences.

        Raises:
            RuntimeError: ``resample`` has not run; the order of the steps is wrong.
        """
        if self.sequences is None:
            raise RuntimeError("the samples have not been resampled yet")
        return self.sequences

    @property
    def fitted_scaling(self) -> Scaling:
        """The scaling.

        Raises:
            RuntimeError: ``scale`` has not run; the order of the steps is wrong.
        """
        if self.scaling is None:
            raise RuntimeError("the samples have not been scaled yet")
        return self.scaling

    def rows(self, chosen: NDArray[np.int64]) -> Self:
        """Some of the samples, resampled ones only."""
        return replace(
            self,
            sequences=self.arrays()[chosen],
            targets=self.targets[chosen],
            groups=self.groups[chosen],
        )

    def and_copies(self, copies: Sequence[SequenceArray]) -> Self:
        """These samples, followed by changed copies of all of them."""
        times = len(copies) + 1
        return replace(
            self,
            sequences=np.concatenate([self.arrays(), *copies]),
            targets=np.tile(self.targets, times),
            groups=np.tile(self.groups, times),
        )
