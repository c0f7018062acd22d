"""Clips as the arrays that a network takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.split_params import SplitParams
from training.splits.recordings import SplitRecording

FloatArray = NDArray[np.float32]

STEPS = 16
"""Steps of a clip, spread evenly over its frames."""


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of each feature over the recordings that are trained on."""

    mean: FloatArray
    deviation: FloatArray

    @classmethod
    def of(cls, recordings: Sequence[SplitRecording]) -> "Scale":
        """The scale of recordings."""
        values = np.concatenate([one.sequence.values for one in recordings])
        noise = recordings[0].sequence.noise
        deviation = np.hypot(values.std(axis=0), max(noise, 1e-6))
        return cls(values.mean(axis=0).astype("f4"), deviation.astype("f4"))


def clips(
    recording: SplitRecording, ends_s: Sequence[float], scale: Scale, params: SplitParams
) -> FloatArray:
    """``(n, STEPS, columns)`` clips that end at times; before the beginning, its first frame."""
    sequence = recording.sequence
    ends = np.asarray(ends_s) * sequence.rate_hz
    back = np.linspace(params.clip_length - 1, 0, STEPS)
    rows = np.clip(np.round(ends[:, None] - back[None]), 0, len(sequence) - 1).astype(np.intp)
    values = ((sequence.values - scale.mean) / scale.deviation).astype(np.float32)[rows]
    extra = []
    if params.add_position_feature:
        extra.append(np.broadcast_to(np.linspace(0, 1, STEPS)[None], rows.shape))
    if params.add_percent_completion_feature:
        extra.append(rows / max(1, len(sequence) - 1))
    if not extra:
        return np.asarray(values)
    return np.concatenate([values, np.stack(extra, axis=2).astype(np.float32)], axis=2)
