"""The evaluation of predictions: every score, overall and for each label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from training.learning.evaluation import scores
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.served import Served
from training.recordings.catalog import count_recordings

_CALIBRATION_BINS = 10


@dataclass(frozen=True)
class LabelEvaluation:
    """How well one label is told apart from the others; NaN where the rows cannot tell.

    The rows cannot tell if none of them has the label, or if no model had learned it where it was
    tested on it.

    Attributes:
        label: Name of the label.
        precision: Share of the predictions of this label that are right.
        recall: Share of the label's frames that are found.
        f1: Harmonic mean of precision and recall.
        roc_auc: Probability that a frame of the label is ranked above a frame of another one.
        average_precision: Area under the precision-recall curve.
        frames: Number of frames that truly have the label.
        recordings: Number of recordings that these frames come from.
    """

    label: str
    precision: float
    recall: float
    f1: float
    roc_auc: float
    average_precision: float
    frames: int
    recordings: int


@dataclass(frozen=True)
class Evaluation:
    """The scores of a set of predictions.

    Attributes:
        frames: Number of frames evaluated.
        recordings: Number of recordings that they come from.
        accuracy: Share of predictions that are right.
        balanced_accuracy: The same as ``recall_macro``, under its other name.
        precision_macro: Mean precision of the labels that can be told.
        recall_macro: Mean recall of these labels.
        f1_macro: Mean F1 of these labels.
        f1_weighted: Mean F1 of these labels, weighted by their frames.
        log_loss: Mean negative logarithm of the true label's probability.
        calibration_error: Mean gap between confidence and accuracy (expected calibration error,
            Guo et al. 2017, ten bins).
        per_label: One entry for each label.
        confusion: ``(labels, labels)`` counts; rows are the truth.
    """

    frames: int
    recordings: int
    accuracy: float
    balanced_accuracy: float
    precision_macro: float
    recall_macro: float
    f1_macro: float
    f1_weighted: float
    log_loss: float
    calibration_error: float
    per_label: tuple[LabelEvaluation, ...]
    confusion: NDArray[np.int64]

    def summary(self) -> dict[str, float]:
        """The overall scores by name."""
        names = (
            *("accuracy", "balanced_accuracy", "precision_macro", "recall_macro", "f1_macro"),
            *("f1_weighted", "log_loss", "calibration_error"),
        )
        return {name: float(getattr(self, name)) for name in names}

    def as_text(self) -> str:
        """The scores as a plain-text table."""
        width = max(len(scores.label) for scores in self.per_label)
        lines = [f"{'':{width}}  precision  recall     F1  frames  recordings"]
        lines += [
            f"{scores.label:{width}}  {_shown(scores.precision):>9}  {_shown(scores.recall):>6}  "
            f"{_shown(scores.f1):>5}  {scores.frames:6,}  {scores.recordings:10,}"
            for scores in self.per_label
        ]
        lines += [f"{name}: {value:.4f}" for name, value in self.summary().items()]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Evaluations:
    """How well a kind of model does, measured in two ways.

    Attributes:
        held_out: Scores on the held-out recordings, of a model trained on the others.
        cross_validation: Scores over all recordings.
        per_fold: Macro F1 of each fold.
        served: What serving would do on the held-out recordings; None until it is known.
    """

    held_out: Evaluation
    cross_validation: Evaluation
    per_fold: tuple[float, ...]
    served: Served | None = None


def _shown(value: float) -> str:
    return f"{value:.3f}" if value == value else "–"


def evaluate(predictions: Predictions, untested: Sequence[int] = ()) -> Evaluation:
    """Score predictions; labels without a frame are excluded from the averages.

    Args:
        predictions: The predictions.
        untested: Codes of labels that no model had learned where it was tested on them. They are
            excluded from the averages, too.
    """
    truth, predicted = predictions.truth, predictions.predicted
    n_labels = len(predictions.labels)
    probabilities = predictions.probabilities
    per_label = _per_label(predictions, untested)
    told = [label for label in per_label if label.f1 == label.f1]
    precision, recall, f1 = (
        float(np.mean([getattr(label, name) for label in told])) if told else np.nan
        for name in ("precision", "recall", "f1")
    )
    frames_told = [label.frames for label in told]
    return Evaluation(
        frames=len(predictions),
        recordings=count_recordings(predictions.filenames.tolist()),
        accuracy=scores.score("accuracy", truth, probabilities, n_labels),
        balanced_accuracy=recall,
        precision_macro=precision,
        recall_macro=recall,
        f1_macro=f1,
        f1_weighted=(
            float(np.average([label.f1 for label in told], weights=frames_told)) if told else np.nan
        ),
        log_loss=-scores.score("log_loss", truth, probabilities, n_labels),
        calibration_error=calibration_error(predictions),
        per_label=per_label,
        confusion=scores.confusion_matrix(truth, predicted, n_labels),
    )


def calibration_error(predictions: Predictions) -> float:
    """Mean gap between confidence and accuracy, in ten bins of confidence."""
    confidence = predictions.probabilities.max(axis=1)
    right = predictions.predicted == predictions.truth
    bins = np.minimum((confidence * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    error = 0.0
    for number in np.unique(bins):
        inside = bins == number
        gap = abs(float(confidence[inside].mean()) - float(right[inside].mean()))
        error += inside.mean() * gap
    return float(error)


def _per_label(predictions: Predictions, untested: Sequence[int]) -> tuple[LabelEvaluation, ...]:
    truth, predicted = predictions.truth, predictions.predicted
    counted = scores.per_label(truth, predicted, len(predictions.labels))
    evaluations = []
    for code, label in enumerate(predictions.labels):
        is_label, ranking = truth == code, predictions.probabilities[:, code]
        told = bool(is_label.any()) and code not in untested
        both_kinds = told and not is_label.all()
        evaluations.append(
            LabelEvaluation(
                label=label,
                precision=float(counted.precision[code]) if told else np.nan,
                recall=float(counted.recall[code]) if told else np.nan,
                f1=float(counted.f1[code]) if told else np.nan,
                roc_auc=float(roc_auc_score(is_label, ranking)) if both_kinds else np.nan,
                average_precision=(
                    float(average_precision_score(is_label, ranking)) if both_kinds else np.nan
                ),
                frames=int(counted.support[code]),
                recordings=count_recordings(predictions.filenames[is_label].tolist()),
            )
        )
    return tuple(evaluations)
