"""How good answers are: of one model on rows that it has not learned from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from training.learning.evaluation import scores

_CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Predictions:
    """What a model answered on rows that it has not learned from.

    Attributes:
        labels: names of the labels, in the order of the probabilities.
        truth: ``(n,)`` int64, codes.
        probabilities: ``(n, labels)``.
        filenames: ``(n,)`` the recording of each row.
        frame_numbers: ``(n,)`` int64.
    """

    labels: tuple[str, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.floating[Any]]
    filenames: NDArray[np.str_]
    frame_numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def found(self) -> NDArray[np.int64]:
        """``(n,)`` the likeliest label's code."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class LabelEvaluation:
    """How well one label is told from the others; NaN where the rows cannot show it.

    Attributes:
        label: its name.
        precision: share of the answers of this label that are right.
        recall: share of the label's frames that are found.
        f1: harmonic mean of both.
        roc_auc: probability that a frame of the label is ranked above another one.
        average_precision: area under the precision-recall curve.
        frames: number of frames that truly carry it.
        recordings: number of recordings that these frames are from.
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
    """Scores of some predictions.

    Attributes:
        frames: number of rows judged.
        recordings: number of recordings they are from.
        accuracy: share of right answers.
        balanced_accuracy: mean recall of the labels that occur.
        f1_macro: mean F1 of the labels that occur.
        log_loss: mean negative logarithm of the right label's probability.
        calibration_error: mean distance between how sure answers are and how often they are right
            (expected calibration error, Guo et al. 2017, ten bins).
        per_label: one entry for each label.
        confusion: ``(labels, labels)`` counts; rows are the truth.
    """

    frames: int
    recordings: int
    accuracy: float
    balanced_accuracy: float
    f1_macro: float
    log_loss: float
    calibration_error: float
    per_label: tuple[LabelEvaluation, ...]
    confusion: NDArray[np.int64]

    def summary(self) -> dict[str, float]:
        """The scores over all labels by name."""
        names = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "calibration_error")
        return {name: float(getattr(self, name)) for name in names}

    def as_text(self) -> str:
        """The scores as a table of plain text."""
        width = max(len(scores.label) for scores in self.per_label)
        lines = [f"{'':{width}}  precision  recall     F1  frames  recordings"]
        lines += [
            f"{scores.label:{width}}  {scores.precision:9.3f}  {scores.recall:6.3f}  "
            f"{scores.f1:5.3f}  {scores.frames:6}  {scores.recordings:10}"
            for scores in self.per_label
        ]
        lines += [f"{name}: {value:.4f}" for name, value in self.summary().items()]
        return "\n".join(lines) + "\n"


def evaluate(predictions: Predictions) -> Evaluation:
    """Score predictions; labels without a frame are left out of the means."""
    truth, found = predictions.truth, predictions.found
    n_labels = len(predictions.labels)
    probabilities = predictions.probabilities
    return Evaluation(
        frames=len(predictions),
        recordings=len(np.unique(predictions.filenames)),
        accuracy=scores.score("accuracy", truth, probabilities, n_labels),
        balanced_accuracy=scores.score("balanced_accuracy", truth, probabilities, n_labels),
        f1_macro=scores.score("f1_macro", truth, probabilities, n_labels),
        log_loss=-scores.score("log_loss", truth, probabilities, n_labels),
        calibration_error=calibration_error(predictions),
        per_label=_per_label(predictions),
        confusion=scores.confusion_matrix(truth, found, n_labels),
    )


def calibration_error(predictions: Predictions) -> float:
    """Mean distance between how sure answers are and how often they are right, in ten bins."""
    sure = predictions.probabilities.max(axis=1)
    right = predictions.found == predictions.truth
    bins = np.minimum((sure * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    error = 0.0
    for number in np.unique(bins):
        inside = bins == number
        error += inside.mean() * abs(float(sure[inside].mean()) - float(right[inside].mean()))
    return float(error)


def _per_label(predictions: Predictions) -> tuple[LabelEvaluation, ...]:
    truth, found = predictions.truth, predictions.found
    counted = scores.per_label(truth, found, len(predictions.labels))
    evaluations = []
    for code, label in enumerate(predictions.labels):
        is_label, ranking = truth == code, predictions.probabilities[:, code]
        both_kinds = is_label.any() and not is_label.all()
        evaluations.append(
            LabelEvaluation(
                label=label,
                precision=float(counted.precision[code]),
                recall=float(counted.recall[code]),
                f1=float(counted.f1[code]),
                roc_auc=float(roc_auc_score(is_label, ranking)) if both_kinds else np.nan,
                average_precision=(
                    float(average_precision_score(is_label, ranking)) if both_kinds else np.nan
                ),
                frames=int(counted.support[code]),
                recordings=len(np.unique(predictions.filenames[is_label])),
            )
        )
    return tuple(evaluations)
