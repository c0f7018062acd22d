"""What serving would do with a model is judged through the timeline."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_features.classify.classifier import ModelContract
from shared_features.features.spec import FeatureSpec
from shared_features.params import TimelineParams
from training.learning.evaluation.fold_notes import fold_notes
from training.learning.evaluation.held_out import HeldOut
from training.learning.evaluation.out_of_fold import OutOfFold
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.served import judged
from training.learning.evaluation.summary import evaluate

LABELS = ("front lever", "back lever", "other")
TIMELINE = TimelineParams(
    smoothing_s=0.1, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.5
)
CONTRACT = ModelContract(LABELS, "other", FeatureSpec(), TIMELINE, {}, {})
# Two seconds of each label at 10 frames per second, and an unlabelled pause before the last one.
TRUTH = np.repeat(LABELS, 20)
TIMES_S = np.concatenate([np.arange(40), np.arange(60, 80)]) / 10


def held_out(truth: NDArray[np.str_] = TRUTH) -> HeldOut:
    n = len(truth)
    nothing = np.zeros((n, 33, 5), dtype=np.float32), np.zeros((n, 33, 3), dtype=np.float32)
    names = np.full(n, "video_a.mp4")
    return HeldOut(*nothing, np.ones(n), truth, names, names, np.arange(n), TIMES_S[:n])


def sure(answers: NDArray[np.str_], certainty: float) -> NDArray[np.float32]:
    """Probabilities that give the answers a certainty, and the other labels the same share."""
    rest = (1 - certainty) / (len(LABELS) - 1)
    is_answer = answers[:, None] == np.array(LABELS)
    return np.where(is_answer, certainty, rest).astype(np.float32)


def test_right_and_sure_answers_find_every_hold() -> None:
    """Both poses are holds, and their edges are where the labels change."""
    found = judged(held_out(), TIMES_S, sure(TRUTH, 0.95), CONTRACT)
    assert (found.holds, found.holds_found, found.false_holds) == (2, 2, 0)
    assert found.accuracy > 0.95
    assert found.coverage == 1
    assert found.edge_s < 0.11
    assert found.commonest == pytest.approx(1 / 3)
    assert "2 of 2 holds found" in str(found)


def test_right_but_unsure_answers_are_no_answers() -> None:
    """Every label is likeliest, but below the threshold of the service."""
    unsure = sure(TRUTH, 0.5)
    found = judged(held_out(), TIMES_S, unsure, CONTRACT)
    assert (found.accuracy, found.coverage, found.holds_found) == (0, 0, 0)
    assert "100% uncertain" in str(found)
    predictions = Predictions(
        LABELS, np.repeat(np.arange(3), 20), unsure, np.full(60, "a"), np.arange(60)
    )
    assert evaluate(predictions).f1_macro == 1, "F1 alone would not notice"


def test_a_pose_in_the_wrong_place_is_a_false_hold() -> None:
    """A hold of another label does not count for one."""
    answers = np.where(TRUTH == "back lever", "front lever", TRUTH)
    found = judged(held_out(), TIMES_S, sure(answers, 0.95), CONTRACT)
    assert (found.holds, found.holds_found) == (2, 1)
    assert found.hold_f1 < 1


def test_labels_that_cannot_be_tested_are_no_zeros() -> None:
    """No model had learned the label where it was tested: it has no score, and the rest have."""
    truth = np.repeat([0, 1, 2], 20)
    probabilities = sure(np.array(LABELS)[truth], 0.9)
    folds = np.tile([0, 1], 30)
    alone = truth == 2
    folds[alone] = 1
    probabilities[folds == 1, 2] = 0
    predictions = Predictions(LABELS, truth, probabilities, np.full(60, "a"), np.arange(60))
    found = OutOfFold(predictions, folds, "")
    assert found.untested == (2,)
    evaluation = found.evaluation()
    assert np.isnan(evaluation.per_label[2].f1)
    assert evaluation.f1_macro == pytest.approx(
        np.mean([label.f1 for label in evaluation.per_label[:2]])
    )
    assert "–" in evaluation.as_text().splitlines()[3]
    assert "0.000" not in evaluation.as_text().splitlines()[3]


def test_a_fold_far_below_the_others_is_explained() -> None:
    """The note names the label, what it is taken for, and the recordings."""
    truth = np.tile([0, 1, 2], 40)
    names = np.repeat([f"video_{name}.mp4" for name in "abcd"], 30)
    answers = truth.copy()
    answers[(names == "video_c.mp4") & (truth == 0)] = 1
    probabilities = sure(np.array(LABELS)[answers], 0.9)
    predictions = Predictions(LABELS, truth, probabilities, names, np.arange(120))
    folds = np.repeat([0, 1, 2, 3], 30)
    found = OutOfFold(predictions, folds, "")
    scores = [evaluation.f1_macro for evaluation in found.per_fold()]
    (note,) = fold_notes(found, scores)
    assert "Fold 3" in note
    assert "10 of 10 frames of front lever are taken for other labels, mostly back lever" in note
    assert "video_c.mp4 (33% wrong)" in note
    assert fold_notes(replace(found, predictions=predictions), [1.0] * 4) == []
