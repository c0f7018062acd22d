"""How much there is of each label."""

from dataclasses import dataclass

from training.data.training_data import TrainingData
from training.learning.estimators.fitting import FitSettings, sample_weights


@dataclass(frozen=True)
class LabelCount:
    """How much there is of a label.

    Attributes:
        label: Name of the label.
        frames: Number of its frames, augmented ones excluded.
        recordings: Number of recordings that these frames come from.
        held_out_recordings: Number of those recordings that are held out.
        weight: Weight of one of its frames in training; the average over all frames is 1.
    """

    label: str
    frames: int
    recordings: int
    held_out_recordings: int
    weight: float


def count_labels(training_data: TrainingData, settings: FitSettings) -> tuple[LabelCount, ...]:
    """How much there is of each label, and the weights that compensate for the imbalance."""
    recorded = training_data.recorded
    held_out = training_data.dataset.rows(training_data.split.held_out)
    weights = sample_weights(recorded.codes, settings.class_weights)
    counts = []
    for code, label in enumerate(recorded.labels):
        frames = recorded.codes == code
        counts.append(
            LabelCount(
                label=label,
                frames=int(frames.sum()),
                recordings=recorded.rows(frames).n_recordings,
                held_out_recordings=held_out.rows(held_out.codes == code).n_recordings,
                weight=1.0 if weights is None or not frames.any() else float(weights[frames][0]),
            )
        )
    return tuple(counts)
