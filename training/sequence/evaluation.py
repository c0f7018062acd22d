"""How good the outputs of a sequence model are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_features.sequence.contract import SCORE_SCALE
from training.sequence.preprocessing.samples import Samples
from training.words import counted

_LEAST_PROBABILITY = 1e-7

SCORE_NAMES: dict[str, str] = {
    "loss": "Loss",
    "mae_points": "MAE in points",
    "mae_of_the_mean": "MAE of always saying the mean",
    "spearman": "Spearman",
    "roc_auc": "ROC AUC",
    "roc_auc_within": "ROC AUC within a group",
    "accuracy": "Accuracy",
    "f1_macro": "Macro F1",
}


@dataclass(frozen=True)
class SequenceEvaluation:
    """Scores of outputs.

    Attributes:
        clips: Number of clips.
        groups: Number of groups that they come from.
        scores: By name (``SCORE_NAMES``); NaN where these clips cannot tell.
        confusion: ``(labels, labels)`` counts, rows are the truth; None for scores.
    """

    clips: int
    groups: int
    scores: dict[str, float]
    confusion: NDArray[np.int64] | None

    @property
    def main(self) -> tuple[str, float]:
        """The score that promotion compares; greater is better."""
        for name in ("f1_macro", "roc_auc"):
            if name in self.scores:
                return name, self.scores[name]
        return "mae_points", -self.scores["mae_points"]

    def __str__(self) -> str:
        shown = ", ".join(
            f"{SCORE_NAMES[name]} {value:.3f}"
            for name, value in self.scores.items()
            if name in SCORE_NAMES and not np.isnan(value)
        )
        return f"{shown} on {counted(self.clips, 'clip')} of {counted(self.groups, 'group')}"


def evaluate(samples: Samples, outputs: NDArray[np.float32]) -> SequenceEvaluation:
    """Evaluate outputs ``(n, outputs)`` of samples."""
    confusion = None
    if samples.kind == "labels":
        scores, confusion = _label_scores(samples, outputs)
    else:
        scores = _point_scores(samples, outputs[:, 0].astype(np.float64))
    return SequenceEvaluation(
        clips=len(outputs),
        groups=len(np.unique(samples.groups)),
        scores=scores,
        confusion=confusion,
    )


def _point_scores(samples: Samples, outputs: NDArray[np.float64]) -> dict[str, float]:
    targets = samples.targets.astype(np.float64)
    errors = np.abs(outputs - targets)
    scores = {"loss": float((errors**2).mean()), "mae_points": float(errors.mean()) * SCORE_SCALE}
    spread = np.abs(targets - targets.mean()).mean() * SCORE_SCALE
    scores["mae_of_the_mean"] = float(spread)
    if samples.kind == "correct":
        inside = outputs.clip(_LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        likelihood = np.where(targets > 0.5, inside, 1 - inside)
        scores["loss"] = float(-np.log(likelihood).mean())
        scores["roc_auc"] = roc_auc(targets > 0.5, outputs)
        scores["roc_auc_within"] = roc_auc_within(targets > 0.5, outputs, samples.groups)
    else:
        scores["spearman"] = _spearman(targets, outputs)
    return scores


def _label_scores(
    samples: Samples, outputs: NDArray[np.float32]
) -> tuple[dict[str, float], NDArray[np.int64]]:
    from sklearn.metrics import confusion_matrix, f1_score

    predicted, targets = outputs.argmax(axis=1), samples.targets
    true_probability = np.take_along_axis(outputs, targets[:, np.newaxis], axis=1)
    log_loss = -np.log(true_probability.astype(np.float64).clip(_LEAST_PROBABILITY)).mean()
    occurring = np.unique(targets)
    scores = {
        "loss": float(log_loss),
        "accuracy": float((predicted == targets).mean()),
        "f1_macro": float(f1_score(targets, predicted, labels=occurring, average="macro")),
    }
    codes = np.arange(len(samples.labels))
    confusion: NDArray[np.int64] = confusion_matrix(targets, predicted, labels=codes)
    return scores, confusion


def roc_auc(correct: NDArray[np.bool_], outputs: NDArray[np.float64]) -> float:
    """Chance that a correct clip has a greater output than an incorrect one; NaN without both."""
    from sklearn.metrics import roc_auc_score

    if correct.all() or not correct.any():
        return float("nan")
    return float(roc_auc_score(correct, outputs))


def roc_auc_within(
    correct: NDArray[np.bool_], outputs: NDArray[np.float64], groups: NDArray[np.str_]
) -> float:
    """The mean of ``roc_auc`` over groups that have both; NaN if none has."""
    areas = [
        roc_auc(correct[groups == group], outputs[groups == group]) for group in np.unique(groups)
    ]
    known = [area for area in areas if not np.isnan(area)]
    return float(np.mean(known)) if known else float("nan")


def _spearman(targets: NDArray[np.float64], outputs: NDArray[np.float64]) -> float:
    from scipy.stats import spearmanr

    if len(np.unique(targets)) < 2 or len(np.unique(outputs)) < 2:
        return float("nan")
    return float(spearmanr(targets, outputs).statistic)
