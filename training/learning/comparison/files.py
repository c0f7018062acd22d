"""Writes the results of a comparison: two tables and a figure."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shared_features.runtime.atomic import atomic_write
from training.learning.comparison.cross_validation import METRICS, ModelScores
from training.learning.evaluation.scores import LabelScores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DRAWN = ("accuracy", "balanced_accuracy", "macro_f1")


def write_comparison(
    compared: Sequence[ModelScores], labels: Sequence[str], folder: Path
) -> list[Path]:
    """Write ``performance_metrics.csv``, ``confusion_matrix_summary.csv``, ``comparison.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [
        folder / name
        for name in ("performance_metrics.csv", "confusion_matrix_summary.csv", "comparison.png")
    ]
    with atomic_write(paths[0]) as temporary:
        _write_csv(temporary, _performance_rows(compared))
    with atomic_write(paths[1]) as temporary:
        _write_csv(temporary, _confusion_rows(compared, labels))
    with atomic_write(paths[2]) as temporary:
        comparison_figure(compared).savefig(temporary, dpi=110, metadata={"Software": None})
    return paths


def _write_csv(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    import pandas as pd

    pd.DataFrame(list(rows)).to_csv(path, index=False, lineterminator="\n")


def _performance_rows(compared: Sequence[ModelScores]) -> Iterator[Mapping[str, Any]]:
    for one in compared:
        row: dict[str, Any] = {"model": one.model}
        for metric in METRICS:
            row[f"{metric}_mean"] = round(one.mean(metric), 6)
            row[f"{metric}_std"] = round(one.deviation(metric), 6)
        yield row


def _confusion_rows(
    compared: Sequence[ModelScores], labels: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    """Counts over all repeats, one label against all others."""
    for one in compared:
        counts = LabelScores(one.confusion)
        for code, label in enumerate(labels):
            yield {
                "model": one.model,
                "class": label,
                "true_positives": int(counts.true_positives[code]),
                "false_positives": int(counts.false_positives[code]),
                "false_negatives": int(counts.false_negatives[code]),
                "true_negatives": int(counts.true_negatives[code]),
            }


def comparison_figure(compared: Sequence[ModelScores]) -> "Figure":
    """Means as dots and standard deviations as bars, best model first."""
    from matplotlib.figure import Figure

    ordered = sorted(compared, key=lambda one: one.mean("macro_f1"))
    figure = Figure(figsize=(8, 1.6 + 0.8 * len(ordered)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(ordered))
    for number, metric in enumerate(_DRAWN):
        means = [100 * one.mean(metric) for one in ordered]
        axes.errorbar(
            means,
            places + 0.22 * (1 - number),
            xerr=[100 * one.deviation(metric) for one in ordered],
            fmt="o",
            capsize=4,
            label=metric.replace("_", " "),
        )
    axes.set_yticks(places, [one.model for one in ordered])
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    axes.set_xlabel("% (mean ± standard deviation over folds and repeats)")
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper center", ncols=len(_DRAWN), frameon=False)
    return figure
