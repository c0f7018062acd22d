"""Figures of an evaluation, drawn by matplotlib without a display."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve, roc_curve

from shared_features.runtime.atomic import atomic_write
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.summary import Evaluation

_CALIBRATION_BINS = 10
_IMPORTANCES_SHOWN = 25
_DARK_CELL = 0.55  # above this share, white text is easier to read than black
_DPI = 110


def save_figures(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write figures to ``{name}.png``, each atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        with atomic_write(path) as temporary:
            figure.savefig(temporary, dpi=_DPI, metadata={"Software": None})
        paths.append(path)
    return paths


def evaluation_figures(predictions: Predictions, evaluation: Evaluation) -> dict[str, Figure]:
    """All figures of an evaluation, by name."""
    return {
        "confusion_matrix": confusion_matrix_figure(evaluation, predictions.labels),
        "roc_curves": roc_figure(predictions, evaluation),
        "precision_recall_curves": precision_recall_figure(predictions, evaluation),
        "calibration_curve": calibration_figure(predictions, evaluation),
    }


def roc_figure(predictions: Predictions, evaluation: Evaluation) -> Figure:
    """Receiver operating characteristic of each label against all others."""

    def draw(
        axes: Axes, is_label: NDArray[np.bool_], ranking: NDArray[np.floating[Any]], name: str
    ) -> None:
        false_positive_rate, true_positive_rate, _ = roc_curve(is_label, ranking)
        axes.plot(false_positive_rate, true_positive_rate, label=name)

    figure, axes = _square(
        "False positive rate", "True positive rate", "ROC, one label against all"
    )
    _each_label(axes, predictions, evaluation, "roc_auc", "AUC", draw)
    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":", linewidth=1)
    axes.legend(loc="lower right", fontsize="small")
    return figure


def precision_recall_figure(predictions: Predictions, evaluation: Evaluation) -> Figure:
    """Precision against recall of each label."""

    def draw(
        axes: Axes, is_label: NDArray[np.bool_], ranking: NDArray[np.floating[Any]], name: str
    ) -> None:
        precision, recall, _ = precision_recall_curve(is_label, ranking)
        axes.step(recall, precision, where="post", label=name)

    figure, axes = _square("Recall", "Precision", "Precision and recall, one label against all")
    _each_label(axes, predictions, evaluation, "average_precision", "AP", draw)
    axes.legend(loc="lower left", fontsize="small")
    return figure


def calibration_figure(predictions: Predictions, evaluation: Evaluation) -> Figure:
    """Accuracy of the predictions by their confidence."""
    confidence = predictions.probabilities.max(axis=1)
    right = predictions.predicted == predictions.truth
    accuracy, mean_confidence = calibration_curve(
        right, confidence.clip(0, 1), n_bins=_CALIBRATION_BINS
    )
    figure, axes = _square(
        "Confidence",
        "Accuracy",
        f"Calibration (mean gap {evaluation.calibration_error:.3f})",
    )
    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":", linewidth=1, label="perfect")
    axes.plot(mean_confidence, accuracy, marker="o", label="this model")
    counts, edges = np.histogram(confidence, bins=_CALIBRATION_BINS, range=(0, 1))
    axes.bar(
        edges[:-1],
        counts / max(1, counts.sum()),
        width=np.diff(edges),
        align="edge",
        alpha=0.15,
        label="share of predictions",
    )
    axes.legend(loc="upper left", fontsize="small")
    return figure


def confusion_matrix_figure(evaluation: Evaluation, labels: tuple[str, ...]) -> Figure:
    """Counts of each true and predicted label, coloured by the share of the true label's frames."""
    return confusion_figure(evaluation.confusion, labels, "frames")


def confusion_figure(counts: NDArray[np.int64], labels: tuple[str, ...], unit: str) -> Figure:
    """Counts ``(labels, labels)`` of true (rows) and predicted labels, in any unit."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.4 + 0.75 * len(labels)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(labels)):
        for column in range(len(labels)):
            axes.text(
                column,
                row,
                f"{counts[row, column]:,}\n{shares[row, column]:.0%}",
                ha="center",
                va="center",
                fontsize="small",
                color="white" if shares[row, column] > _DARK_CELL else "black",
            )
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("Predicted")
    axes.set_ylabel("True")
    axes.set_title(f"Confusion matrix ({unit})")
    return figure


def importances_figure(importances: Mapping[str, float], how: str) -> Figure:
    """The most important features, in descending order."""
    top = sorted(importances.items(), key=lambda item: item[1])[-_IMPORTANCES_SHOWN:]
    figure = Figure(figsize=(7, 1 + 0.26 * len(top)), layout="constrained")
    axes = figure.subplots()
    axes.barh([name for name, _ in top], [value for _, value in top])
    axes.tick_params(axis="y", labelsize="small")
    axes.set_xlabel(how)
    axes.set_title(f"Feature importance, {len(top)} of {len(importances)}")
    return figure


def _square(x_label: str, y_label: str, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, 6), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=x_label, ylabel=y_label, title=title, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    axes.grid(alpha=0.25)
    return figure, axes


def _each_label(
    axes: Axes,
    predictions: Predictions,
    evaluation: Evaluation,
    area: str,
    area_name: str,
    draw: Callable[[Axes, NDArray[np.bool_], NDArray[np.floating[Any]], str], None],
) -> None:
    """Draw a curve for each label that some frames have and others do not."""
    for code, scores in enumerate(evaluation.per_label):
        if np.isnan(getattr(scores, area)):
            continue
        name = f"{scores.label} ({area_name} {getattr(scores, area):.3f})"
        draw(axes, predictions.truth == code, predictions.probabilities[:, code], name)
