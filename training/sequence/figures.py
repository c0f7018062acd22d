"""Figures of a training of sequence models, drawn by matplotlib without a display."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from shared_features.sequence.contract import SCORE_SCALE
from training.sequence.preprocessing.samples import Samples

_MANY_CURVES = 10
_LABELS = {"train_loss": "clips learned from", "validation_loss": "clips to decide by"}


def learning_curve_figure(
    name: str, history: Sequence[Mapping[str, float]], best_epoch: int
) -> Figure:
    """Losses of one training by epoch, and which epoch was kept."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    epochs = np.arange(1, len(history) + 1)
    for key, label in _LABELS.items():
        axes.plot(epochs, [epoch[key] for epoch in history], label=label)
    axes.axvline(best_epoch, color="0.5", linestyle=":", linewidth=1)
    axes.annotate(
        f"kept: {best_epoch}",
        (best_epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -12),
        textcoords="offset points",
        fontsize="small",
        color="0.35",
    )
    axes.set(xlabel="Epoch", ylabel="Loss", title=f"Learning curve of {name}")
    axes.set_yscale("log")
    axes.grid(alpha=0.25)
    axes.legend(fontsize="small")
    return figure


def grid_figure(losses: Mapping[str, Sequence[float]]) -> Figure:
    """Validation losses of all trainings by epoch."""
    figure = Figure(figsize=(7.6, 5), layout="constrained")
    axes = figure.subplots()
    for name, values in losses.items():
        axes.plot(np.arange(1, len(values) + 1), values, linewidth=1.2, label=name)
    axes.set(xlabel="Epoch (or trees)", ylabel="Loss", title="Loss on the clips to decide by")
    axes.set_yscale("log")
    axes.grid(alpha=0.25)
    columns = 1 if len(losses) <= _MANY_CURVES else 2
    axes.legend(fontsize="x-small", ncols=columns)
    return figure


def predicted_figure(samples: Samples, outputs: NDArray[np.float32], title: str) -> Figure:
    """Predicted points against the true ones; for right and wrong, two distributions."""
    figure = Figure(figsize=(5.6, 5.4), layout="constrained")
    axes = figure.subplots()
    points = outputs[:, 0] * SCORE_SCALE
    if samples.kind == "correct":
        bins = np.linspace(0, SCORE_SCALE, 21).tolist()
        for value, name in ((1, "correct"), (0, "incorrect")):
            axes.hist(points[samples.targets == value], bins=bins, alpha=0.6, label=name)
        axes.set(xlabel="Predicted points", ylabel="Clips", title=title)
        axes.legend(fontsize="small")
        return figure
    axes.plot([0, SCORE_SCALE], [0, SCORE_SCALE], color="0.7", linestyle=":", linewidth=1)
    axes.scatter(samples.targets * SCORE_SCALE, points, s=14, alpha=0.5, linewidths=0)
    axes.set(
        xlabel="True points",
        ylabel="Predicted points",
        title=title,
        xlim=(-2, SCORE_SCALE + 2),
        ylim=(-2, SCORE_SCALE + 2),
        aspect="equal",
    )
    axes.grid(alpha=0.25)
    return figure
