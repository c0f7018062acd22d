"""The labelled table and its split, as training, evaluation and the notebook use them."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared_features.features.spec import FeatureSpec
from shared_features.params import LabelParams, SharedParams
from training.data.dataset import DATASET_FILE, Dataset, read_dataset
from training.data.split_table import SPLIT_FILE, read_split_table
from training.data.splits import HeldOutSplit, fold_warnings, held_out_split
from training.params import TrainingParams, known_labels
from training.recordings.catalog import listed
from training.recordings.content_hashes import content_sha256


@dataclass(frozen=True)
class TrainingData:
    """A labelled table and its split.

    Attributes:
        dataset: The whole table.
        split: Which of its rows are held out.
        spec: Which features its columns hold.
        sha256: Hash of the table's file.
        warnings: Sentences about the data for the person who trains.
    """

    dataset: Dataset
    split: HeldOutSplit
    spec: FeatureSpec
    sha256: str
    warnings: tuple[str, ...]

    @property
    def recorded(self) -> Dataset:
        """The rows that models are evaluated on: all but the augmented ones."""
        return self.dataset.rows(~self.dataset.augmented)


def read_training_data(shared: SharedParams, params: TrainingParams) -> TrainingData:
    """Read the labelled table and work out its split. Writes nothing.

    Raises:
        DatasetError: The table is missing, or cannot be trained on.
    """
    spec = FeatureSpec(**shared.features.model_dump())
    table = params.data.final_features / DATASET_FILE
    dataset = read_dataset(table, spec, known_labels(shared.labels))
    how = params.model_training
    known = read_split_table(table.with_name(SPLIT_FILE))
    split = held_out_split(dataset, how.test_share, how.seed, known)
    warnings = (
        *_unknown_poses(dataset, shared.labels),
        *fold_warnings(dataset, how.folds),
        *split.warnings,
    )
    return TrainingData(dataset, split, spec, content_sha256(table), warnings)


def _unknown_poses(dataset: Dataset, labels: LabelParams) -> Iterator[str]:
    unknown = [pose for pose in labels.poses if pose not in dataset.labels]
    if unknown:
        yield f"In no labelled recording, so unknown to the model: {listed(unknown)}."
