"""The label balance counts frames and recordings, and states the weights used in training."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.learning.small_tables import SPEC, small_dataset
from training.data.splits import held_out_split
from training.data.training_data import TrainingData
from training.learning.estimators.fitting import FitSettings
from training.learning.reports.label_balance import count_labels


def training_data() -> TrainingData:
    """Two labels, one of them rare; half of the rows are augmented copies."""
    data = small_dataset(120, n_labels=2)
    rare = np.isin(data.groups, np.unique(data.groups[data.codes == 1])[:2])
    data = data.rows((data.codes == 0) | rare)
    doubled = data.rows(np.tile(np.arange(len(data)), 2))
    doubled = replace(doubled, augmented=np.arange(len(doubled)) >= len(data))
    return TrainingData(doubled, held_out_split(doubled, 0.2, 1, ()), SPEC, "", ())


@pytest.mark.parametrize("class_weights", ["balanced", "none"])
def test_augmented_frames_do_not_count(class_weights: str) -> None:
    """Frames times weights are equal for balanced labels; without weights each frame counts 1."""
    table = training_data()
    common, rare = count_labels(table, FitSettings("xgb", 1, class_weights))
    assert (common.frames, common.recordings) == (60, 10)
    assert (rare.frames, rare.recordings, rare.held_out_recordings) == (12, 2, 1)
    assert 1 <= common.held_out_recordings < 10
    if class_weights == "none":
        assert common.weight == rare.weight == 1
    else:
        assert common.frames * common.weight == pytest.approx(rare.frames * rare.weight)
        assert common.frames * common.weight + rare.frames * rare.weight == pytest.approx(72)
