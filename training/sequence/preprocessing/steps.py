"""The steps of the preprocessing, as transformers for scikit-learn's pipeline.

``fit_transform`` is what is done to the clips that a model learns from, ``transform`` to all
others. A step that is for training only leaves the others as they are. What serving must repeat is
in the model file: removal of glitches, resampling and normalisation in its ``SequenceSpec``, the
scaling in its graph.
"""

from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from shared_features.sequence.clips import points_sequence
from shared_features.sequence.contract import SCORE_SCALE
from shared_features.sequence.glitches import without_glitches
from shared_features.sequence.layout import SequenceSpec, valid_of
from training.errors import DatasetError
from training.sequence.preprocessing.augmentation import augmented
from training.sequence.preprocessing.samples import Samples, Scaling
from training.sequence_params import Augmentation

_SCORE_BANDS = 10
# A column that hardly varies, such as that of a landmark which is never seen, is left unscaled.
_LEAST_STD = 1e-3


class Step(BaseEstimator, TransformerMixin):  # type: ignore[misc]  # untyped bases
    """A step; the base of all of them. By default it learns nothing."""

    def fit(self, samples: Samples, targets: None = None) -> Self:
        """Learn from the samples."""
        return self

    def transform(self, samples: Samples) -> Samples:
        """The samples after this step."""
        return samples

    def fit_transform(self, samples: Samples, targets: None = None, **_: Any) -> Samples:
        """The samples to learn from, after this step."""
        return self.fit(samples).transform(samples)


class Outliers(Step):
    """Landmarks that jump away for a frame or two are interpolated."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def transform(self, samples: Samples) -> Samples:
        """The samples without glitches."""
        clips = (
            replace(clip, points=without_glitches(clip.points, self.threshold))
            for clip in samples.clips
        )
        return replace(samples, clips=tuple(clips))


class Noise(Step):
    """Every landmark of every frame trembles; training only."""

    def __init__(self, std: float, seed: int) -> None:
        self.std = std
        self.seed = seed

    def fit_transform(self, samples: Samples, targets: None = None, **_: Any) -> Samples:
        """The samples with noise, as a share of the body's extent in each clip."""
        random = np.random.default_rng(self.seed)
        clips = []
        for clip in samples.clips:
            points = clip.points.copy()
            known = points[~np.isnan(points).any(axis=2)]
            extent = np.ptp(known[:, :2], axis=0).max() if len(known) else 0.0
            points[..., :3] += random.normal(0, self.std * extent, (*points.shape[:-1], 3))
            clips.append(replace(clip, points=points))
        return replace(samples, clips=tuple(clips))


class Resample(Step):
    """Clips, shorter and longer ones, become sequences of the same number of steps; required."""

    def __init__(self, spec: SequenceSpec) -> None:
        self.spec = spec

    def transform(self, samples: Samples) -> Samples:
        """The samples as sequences."""
        # Glitches have been removed by their own step.
        spec = replace(self.spec, glitch_threshold=None)
        sequences = np.empty((len(samples.clips), *spec.shape), dtype=np.float32)
        for number, clip in enumerate(samples.clips):
            sequences[number] = points_sequence(clip.pts_s, clip.points, spec)
        return replace(samples, clips=(), sequences=sequences)


class Reclassify(Step):
    """Targets as models know them: shares of full points, or codes of (renamed) labels; required.

    Args:
        renamed: New label by old label. Several may get the same: they are merged.
    """

    def __init__(self, renamed: dict[str, str]) -> None:
        self.renamed = renamed

    def fit(self, samples: Samples, targets: None = None) -> Self:
        """Learn which labels there are."""
        self.labels_: tuple[str, ...] = ()
        if samples.kind == "labels":
            given = set(samples.targets.tolist())
            unknown = sorted(set(self.renamed) - given)
            if unknown:
                raise DatasetError(
                    f"`reclassify` renames {unknown}, which no clip has; the labels are "
                    f"{sorted(given)}."
                )
            self.labels_ = tuple(sorted({self.renamed.get(label, label) for label in given}))
            if len(self.labels_) < 2:
                raise DatasetError(
                    f"All clips to learn from have the label {self.labels_[0]!r}; a classifier "
                    "needs at least two."
                )
        return self

    def transform(self, samples: Samples) -> Samples:
        """The samples with shares or codes; a label that was not learned has code −1."""
        if samples.kind != "labels":
            return replace(samples, targets=samples.targets.astype(np.float32) / SCORE_SCALE)
        codes = {label: code for code, label in enumerate(self.labels_)}
        named = [self.renamed.get(label, label) for label in samples.targets.tolist()]
        targets = np.array([codes.get(label, -1) for label in named], dtype=np.int64)
        return replace(samples, targets=targets, labels=self.labels_)


class Limit(Step):
    """At most so many samples of each label, or of each ten points; training only."""

    def __init__(self, max_per_class: int, seed: int) -> None:
        self.max_per_class = max_per_class
        self.seed = seed

    def fit_transform(self, samples: Samples, targets: None = None, **_: Any) -> Samples:
        """Some of the samples, in the same order."""
        random = np.random.default_rng(self.seed)
        classes = samples.targets
        if samples.kind != "labels":
            classes = np.minimum(samples.targets * _SCORE_BANDS, _SCORE_BANDS - 1).astype(int)
        kept = []
        for code in np.unique(classes):
            rows = random.permutation(np.flatnonzero(classes == code))
            kept.append(rows[: self.max_per_class])
        return samples.rows(np.sort(np.concatenate(kept)))


class Augment(Step):
    """Changed copies are added; training only."""

    def __init__(self, how: tuple[Augmentation, ...], copies: int, seed: int) -> None:
        self.how = how
        self.copies = copies
        self.seed = seed

    def fit_transform(self, samples: Samples, targets: None = None, **_: Any) -> Samples:
        """The samples, followed by the copies."""
        random = np.random.default_rng(self.seed)
        added = [augmented(samples.arrays(), self.how, random) for _ in range(self.copies)]
        return samples.and_copies(added)


class Scale(Step):
    """Mean 0 and standard deviation 1 for each column, over the valid steps; required.

    It is fitted to what the model learns from. The model itself applies it, so that it is part of
    the exported graph and the arrays are the same in training and in serving.
    """

    def fit(self, samples: Samples, targets: None = None) -> Self:
        """Learn means and deviations."""
        sequences = samples.arrays()
        valid = sequences[valid_of(sequences) > 0].astype(np.float64)
        if not len(valid):
            raise DatasetError(
                "No clip to learn from shows a person. Check the landmarks of the recordings."
            )
        std = valid.std(axis=0)
        self.scaling_ = Scaling(
            valid.mean(axis=0).astype(np.float32),
            np.where(std > _LEAST_STD, std, 1).astype(np.float32),
        )
        return self

    def transform(self, samples: Samples) -> Samples:
        """The samples with the scaling that the model is to apply."""
        return replace(samples, scaling=self.scaling_)
