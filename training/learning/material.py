"""What a training learns from and is judged by."""

from dataclasses import dataclass

import numpy as np

from shared_features.features.spec import FeatureSpec
from shared_features.params import SharedParams
from training.data.dataset import DATASET_FILE, Dataset, read_dataset
from training.data.split_table import SPLIT_FILE, read_split_table
from training.data.splits import HeldOutSplit, fold_warnings, held_out_split
from training.learning.estimators.fitting import FitSettings, sample_weights
from training.learning.estimators.models import complete
from training.learning.registry.registry import file_sha256
from training.params import TrainingParams, known_labels


@dataclass(frozen=True)
class Material:
    """A labelled table and how it is used.

    Attributes:
        data: the whole table.
        split: what of it is kept back.
        spec: which features.
        sha256: of the table's file.
        warnings: about the data, for the person who trains.
    """

    data: Dataset
    split: HeldOutSplit
    spec: FeatureSpec
    sha256: str
    warnings: tuple[str, ...]

    @property
    def judged(self) -> Dataset:
        """The rows that models are judged by: those that are not augmented."""
        return self.data.rows(~self.data.augmented)


@dataclass(frozen=True)
class LabelCount:
    """How much of a label there is.

    Attributes:
        label: its name.
        frames: labelled with it, augmented ones left out.
        recordings: that these are from.
        held_out_recordings: how many of them are kept back.
        weight: how much one of its frames counts in training, 1 on average.
    """

    label: str
    frames: int
    recordings: int
    held_out_recordings: int
    weight: float


def read_material(shared: SharedParams, params: TrainingParams) -> Material:
    """The table, what of it is held out, and what is to be said about both. Writes nothing.

    Raises:
        DatasetError: the table is missing, or cannot be trained on.
    """
    spec = FeatureSpec(**shared.features.model_dump())
    table = params.data.final_features / DATASET_FILE
    data = read_dataset(table, spec, known_labels(shared.labels))
    how = params.model_training
    known = read_split_table(table.with_name(SPLIT_FILE))
    split = held_out_split(data, how.test_share, how.seed, known)
    warnings = (*fold_warnings(data, how.folds), *split.warnings)
    return Material(data, split, spec, file_sha256(table), warnings)


def fit_settings(params: TrainingParams) -> FitSettings:
    """Which model is trained, and how, as params.yaml says.

    Raises:
        TrainingError: the model or one of its hyperparameters is not known.
    """
    how = params.model_training
    given = how.hyperparameters.get(how.model, {})
    complete(how.model, given)
    return FitSettings(how.model, how.seed, how.class_weights, given)


def count_labels(material: Material, settings: FitSettings) -> tuple[LabelCount, ...]:
    """How much of each label there is, and how the imbalance is made up for."""
    judged, held_out = material.judged, material.data.rows(material.split.held_out)
    weights = sample_weights(judged.codes, settings.class_weights)
    counts = []
    for code, label in enumerate(judged.labels):
        frames = judged.codes == code
        counts.append(
            LabelCount(
                label=label,
                frames=int(frames.sum()),
                recordings=len(np.unique(judged.filenames[frames])),
                held_out_recordings=len(np.unique(held_out.filenames[held_out.codes == code])),
                weight=1.0 if weights is None or not frames.any() else float(weights[frames][0]),
            )
        )
    return tuple(counts)
