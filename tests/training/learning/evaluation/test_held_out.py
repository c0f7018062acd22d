"""Held-out landmarks survive a file, and any model can be evaluated on them."""

from pathlib import Path

import numpy as np
import pytest

from shared_features.classify.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT
from tests.training.learning.projects import Project
from training.data.training_data import read_training_data
from training.learning.evaluation.held_out import HeldOut, collect_held_out
from training.learning.evaluation.summary import evaluate


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> HeldOut:
    project = Project(tmp_path_factory.mktemp("project"))
    project.add_recordings(4, seed=9)
    project.combine()
    shared, params = project.params
    return collect_held_out(read_training_data(shared, params).recorded, params.data.landmarks)


def test_a_file_gives_back_every_array(held_out: HeldOut, tmp_path: Path) -> None:
    """Nothing is lost or reordered."""
    held_out.save(tmp_path / "held_out.npz")
    loaded = HeldOut.load(tmp_path / "held_out.npz")
    for name in HeldOut.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(held_out, name))


def test_groups_can_be_left_out(held_out: HeldOut) -> None:
    """All frames of other groups stay, with their own landmarks."""
    group = str(held_out.groups[0])
    rest = held_out.without_groups([group])
    kept = held_out.groups != group
    assert 0 < len(rest) == kept.sum()
    np.testing.assert_array_equal(rest.image, held_out.image[kept])


def test_a_label_that_the_model_does_not_know_counts_as_wrong(held_out: HeldOut) -> None:
    """Its probability is 0; the other labels are predicted from the landmarks."""
    classifier = PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")
    known = held_out.predictions(classifier)
    assert known.labels == classifier.labels
    assert evaluate(known).accuracy > 0.5
    labels = np.full(len(held_out), "flag")
    renamed = HeldOut(**{**vars(held_out), "labels": labels}).predictions(classifier)
    assert renamed.labels == (*classifier.labels, "flag")
    assert (renamed.probabilities[:, -1] == 0).all()
    assert evaluate(renamed).accuracy == 0
