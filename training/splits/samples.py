"""Pairs of clips with the answer: do they end at the same moment, and if not, how far off.

A clip is the ``clip_length`` frames that end at a moment. A positive pair ends as far from a split
in the one recording as in the other, at most ``alpha`` seconds before it and ``beta`` after it. An
augmented pair ends at the same share of the way from one split to the next. A negative pair ends at
different moments: a hard one at most two clips away, another one anywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import Literal

import numpy as np

from training.split_params import SplitParams
from training.splits.recordings import SplitRecording

SampleKind = Literal["positive", "augmented", "hard negative", "negative", "overlapping", "apart"]


@dataclass(frozen=True)
class ClipPair:
    """Two clips, one of each of two recordings of a routine.

    Attributes:
        reference: Name of the first recording.
        target: Name of the second one.
        reference_end_s: End of the first clip in seconds.
        target_end_s: End of the second one.
        offset_s: How far the second clip would have to move to end at the same moment.
        kind: Why there is this pair.
    """

    reference: str
    target: str
    reference_end_s: float
    target_end_s: float
    offset_s: float
    kind: SampleKind

    @property
    def same(self) -> bool:
        """Whether both end at the same moment."""
        return self.kind in ("positive", "augmented")


def classifier_pairs(
    recordings: Sequence[SplitRecording], params: SplitParams, rng: np.random.Generator
) -> list[ClipPair]:
    """Positive, augmented and negative pairs."""
    pairs: list[ClipPair] = []
    clip_s = params.clip_length / recordings[0].sequence.rate_hz if recordings else 0.0
    for one, two in _both(recordings):
        for kind, ours_s, theirs_s in _same_moments(one, two, params, rng):
            pairs.append(ClipPair(one.name, two.name, ours_s, theirs_s, 0.0, kind))
            for _ in range(params.max_negatives_per_positive):
                hard = bool(rng.random() < 0.5)
                wrong_s = _elsewhere(theirs_s, two.sequence.duration_s, clip_s, hard, rng)
                label: SampleKind = "hard negative" if hard else "negative"
                offset_s = theirs_s - wrong_s
                pairs.append(ClipPair(one.name, two.name, ours_s, wrong_s, offset_s, label))
    return pairs


def regressor_pairs(
    recordings: Sequence[SplitRecording], params: SplitParams, rng: np.random.Generator
) -> list[ClipPair]:
    """Pairs at any distance, for each of which the distance is known."""
    pairs: list[ClipPair] = []
    clip_s = params.clip_length / recordings[0].sequence.rate_hz if recordings else 0.0
    for one, two in _both(recordings):
        moments = list(_same_moments(one, two, params, rng))
        for _, ours_s, theirs_s in moments:
            end_s = theirs_s + float(rng.uniform(-clip_s, clip_s))
            end_s = float(np.clip(end_s, 0, two.sequence.duration_s))
            offset_s = theirs_s - end_s
            pairs.append(ClipPair(one.name, two.name, ours_s, end_s, offset_s, "overlapping"))
        for _ in range(params.num_non_overlapping):
            _, ours_s, theirs_s = moments[int(rng.integers(len(moments)))]
            end_s = _elsewhere(theirs_s, two.sequence.duration_s, clip_s, False, rng)
            pairs.append(ClipPair(one.name, two.name, ours_s, end_s, theirs_s - end_s, "apart"))
    return pairs


def _both(
    recordings: Sequence[SplitRecording],
) -> Iterator[tuple[SplitRecording, SplitRecording]]:
    for one, two in permutations(recordings, 2):
        if one.annotated.routine == two.annotated.routine:
            yield one, two


def _same_moments(
    one: SplitRecording, two: SplitRecording, params: SplitParams, rng: np.random.Generator
) -> Iterator[tuple[SampleKind, float, float]]:
    """Pairs of times that are the same moment."""
    first = 1 if params.ignore_first_split and len(one.splits_s) > 1 else 0
    splits = list(zip(one.splits_s, two.splits_s, strict=True))[first:]
    for number, (ours_s, theirs_s) in enumerate(splits, start=first):
        before = params.alpha_split_0 if number == 0 else params.alpha
        after = params.beta_split_0 if number == 0 else params.beta
        shift_s = float(rng.uniform(-before, after))
        yield "positive", ours_s, theirs_s
        yield "positive", max(0.0, ours_s + shift_s), max(0.0, theirs_s + shift_s)
    for (ours_s, theirs_s), (ours_end_s, theirs_end_s) in pairwise(splits):
        for share in rng.uniform(0, 1, params.num_augmented):
            yield (
                "augmented",
                ours_s + float(share) * (ours_end_s - ours_s),
                theirs_s + float(share) * (theirs_end_s - theirs_s),
            )


def _elsewhere(
    time_s: float, duration_s: float, clip_s: float, hard: bool, rng: np.random.Generator
) -> float:
    """A time that is at least half a clip away; a hard one at most two clips."""
    for _ in range(20):
        other_s = float(rng.uniform(0, duration_s))
        if hard:
            other_s = time_s + float(rng.choice([-1, 1]) * rng.uniform(0.5, 2.0) * clip_s)
        if 0 <= other_s <= duration_s and abs(other_s - time_s) >= clip_s / 2:
            return other_s
    return 0.0 if time_s > duration_s / 2 else duration_s
