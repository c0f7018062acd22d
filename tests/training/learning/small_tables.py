"""Small datasets with known structure, for tests of models and searches."""

import numpy as np

from shared_features.features.spec import FeatureSpec
from training.data.dataset import Dataset
from training.data.splits import Fold, grouped_folds

SPEC = FeatureSpec(groups=("angles",))
ROWS_PER_GROUP = 6


def small_dataset(n_rows: int = 360, n_labels: int = 3, seed: int = 0) -> Dataset:
    """Slightly overlapping clouds of rows, one for each label, with some missing values.

    Rows of a group are close to each other, like the frames of a recording.
    """
    random = np.random.default_rng(seed)
    n_columns = len(SPEC.columns)
    groups = np.arange(n_rows) // ROWS_PER_GROUP
    codes = groups % n_labels
    centres = random.normal(size=(n_labels, n_columns))
    offsets = random.normal(scale=0.7, size=(groups.max() + 1, n_columns))
    noise = random.normal(scale=0.4, size=(n_rows, n_columns))
    features = (centres[codes] + offsets[groups] + noise).astype(np.float32)
    features[random.random(features.shape) < 0.05] = np.nan
    return Dataset(
        columns=SPEC.columns,
        labels=tuple(f"pose {code}" for code in range(n_labels)),
        features=features,
        codes=codes.astype(np.int64),
        groups=groups.astype(str),
        filenames=groups.astype(str),
        frame_numbers=np.arange(n_rows) % ROWS_PER_GROUP,
        augmented=np.zeros(n_rows, dtype=bool),
    )


def small_folds(data: Dataset, n_folds: int = 3) -> list[Fold]:
    """Folds that never separate a group."""
    return grouped_folds(data, n_folds, seed=0)
