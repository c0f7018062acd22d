"""The preprocessing as one pipeline. The order of the steps is fixed; most can be switched off."""

from typing import Any

from sklearn.pipeline import Pipeline

from shared_features.sequence.layout import SequenceSpec
from training.sequence.data.clips import LabelledClips
from training.sequence.preprocessing.samples import Samples
from training.sequence.preprocessing.steps import (
    Augment,
    Limit,
    Noise,
    Outliers,
    Reclassify,
    Resample,
    Scale,
)
from training.sequence_params import PreprocessingParams, SequenceParams


def sequence_spec(params: SequenceParams) -> SequenceSpec:
    """The arrays that a model will take, in training and in serving."""
    steps = params.preprocessing
    threshold = steps.outlier_threshold if steps.outliers else None
    return SequenceSpec(params.num_frames, params.rotate, threshold)


class Preprocessing:
    """The fitted steps.

    Args:
        params: Which steps, and how.
        spec: The arrays to make.
        seed: Seed of everything random.
    """

    def __init__(self, params: PreprocessingParams, spec: SequenceSpec, seed: int) -> None:
        # The order of the seed project's pipeline: glitches before anything spreads them, copies
        # after the classes are limited, scaling last.
        steps: list[tuple[bool, str, Any]] = [
            (params.outliers, "outliers", Outliers(params.outlier_threshold)),
            (params.noise, "noise", Noise(params.noise_std, seed)),
            (params.resample, "resample", Resample(spec)),
            (params.reclassify, "reclassify", Reclassify(dict(params.classes))),
            (params.limit, "limit", Limit(params.max_per_class, seed)),
            (params.augment, "augment", Augment(params.augmentations, params.copies, seed)),
            (params.scale, "scale", Scale()),
        ]
        self._pipeline = Pipeline([(name, step) for wanted, name, step in steps if wanted])

    def fit(self, data: LabelledClips) -> Samples:
        """Fit to the clips to learn from, and return them preprocessed."""
        samples: Samples = self._pipeline.fit_transform(Samples.of(data))
        return samples

    def transform(self, data: LabelledClips) -> Samples:
        """Other clips, preprocessed as serving will do it."""
        samples: Samples = self._pipeline.transform(Samples.of(data))
        return samples
