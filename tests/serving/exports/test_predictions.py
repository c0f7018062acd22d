"""Single predictions say why there is no label."""

from pathlib import Path

import numpy as np

from serving.exports.predictions import prediction_of
from shared_features.classify.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT

STARTER = PROJECT_ROOT / "models" / "pose_classifier.onnx"


def answer(row: np.ndarray, person: bool) -> tuple[bool, bool, str | None, dict[str, float] | None]:
    found = prediction_of(row, PoseClassifier(Path(STARTER)).contract, person)
    return found.person, found.in_view, found.label, found.probabilities


def test_nobody_and_not_all_in_view_are_different() -> None:
    """Both have no label and no probabilities; a person who is cut off is a person."""
    unknown = np.full(7, np.nan, dtype=np.float32)
    assert answer(unknown, person=False) == (False, False, None, None)
    assert answer(unknown, person=True) == (True, False, None, None)


def test_a_person_in_view_has_the_likeliest_label() -> None:
    """With the probabilities of all."""
    row = np.full(7, 0.05, dtype=np.float32)
    row[2] = 0.7
    person, in_view, label, probabilities = answer(row, person=True)
    assert person
    assert in_view
    assert probabilities is not None
    assert label == max(probabilities, key=lambda name: probabilities[name])
