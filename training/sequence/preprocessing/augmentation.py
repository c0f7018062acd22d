"""Changed copies of sequences that mean the same movement."""

from collections.abc import Callable

import numpy as np

from shared_features.sequence.layout import (
    VALID_COLUMN,
    SequenceArray,
    landmarks_of,
    mirrored,
    valid_of,
)
from training.sequence_params import Augmentation

_JITTER = 0.02  # torso lengths, about what a tracker trembles by
_WARP = 0.15  # largest shift of a moment, as a share of the clip
_DROPPED_SHARE = 0.2


def augmented(
    sequences: SequenceArray, how: tuple[Augmentation, ...], random: np.random.Generator
) -> SequenceArray:
    """A changed copy of each sequence ``(n, num_frames, 133)``."""
    copies = sequences.copy()
    for name in how:
        copies = _STEPS[name](copies, random)
    return copies


def _mirror(sequences: SequenceArray, random: np.random.Generator) -> SequenceArray:
    """Half of them flipped left to right."""
    chosen = random.random(len(sequences)) < 0.5
    sequences[chosen] = mirrored(sequences[chosen])
    return sequences


def _time_warp(sequences: SequenceArray, random: np.random.Generator) -> SequenceArray:
    """Faster at first and slower later, or the other way round; beginning and end stay."""
    steps = np.linspace(0, 1, sequences.shape[1])
    for sequence in sequences:
        warped = steps + random.uniform(-_WARP, _WARP) * np.sin(np.pi * steps)
        position = np.clip(warped, 0, 1) * (len(steps) - 1)
        before = np.minimum(position.astype(np.int64), len(steps) - 2)
        share = (position - before)[:, np.newaxis]
        valid = np.minimum(valid_of(sequence)[before], valid_of(sequence)[before + 1])
        sequence[:] = sequence[before] * (1 - share) + sequence[before + 1] * share
        sequence[:, VALID_COLUMN] = valid
    return sequences


def _jitter(sequences: SequenceArray, random: np.random.Generator) -> SequenceArray:
    """Every seen landmark trembles."""
    landmarks = landmarks_of(sequences)
    noise = random.normal(0, _JITTER, (*landmarks.shape[:-1], 3))
    landmarks[..., :3] += np.where(landmarks[..., 3:] > 0, noise, 0).astype(np.float32)
    return sequences


def _dropped_frames(sequences: SequenceArray, random: np.random.Generator) -> SequenceArray:
    """In half of them, the person is lost for a few inner steps, which are interpolated."""
    steps = np.arange(sequences.shape[1])
    for sequence in sequences[random.random(len(sequences)) < 0.5]:
        kept = random.random(len(steps)) >= _DROPPED_SHARE
        kept[[0, -1]] = True
        for column in range(VALID_COLUMN):
            sequence[:, column] = np.interp(steps, steps[kept], sequence[kept, column])
        sequence[~kept, VALID_COLUMN] = 0
    return sequences


_STEPS: dict[Augmentation, Callable[[SequenceArray, np.random.Generator], SequenceArray]] = {
    "mirror": _mirror,
    "time_warp": _time_warp,
    "jitter": _jitter,
    "dropped_frames": _dropped_frames,
}
