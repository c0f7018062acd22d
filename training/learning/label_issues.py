"""Finds labels that are probably wrong, for a person to check. Nothing is changed here.

A label is suspect when models that have not seen the recording agree on another one. Suspects are
ranked as by cleanlab: the less probability a label gets, the more suspect it is.
"""

import csv
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray

from shared_features.params import MediaParams
from shared_features.runtime.atomic import atomic_write
from training.data.dataset import Dataset
from training.data.splits import Fold, grouped_folds
from training.data.thinning import kept_rows
from training.learning.estimators.fitting import FitSettings
from training.learning.evaluation.out_of_fold import predict_out_of_fold
from training.learning.evaluation.predictions import Predictions
from training.learning.reports.pages import render
from training.learning.reports.thumbnails import FrameId, thumbnails
from training.learning.search.boosting import with_best_rounds
from training.params import DataParams
from training.recordings.catalog import source_recording

# Suspect frames of a video that are at most this far apart are reported as one suspect.
_MAX_FRAMES_BETWEEN = 15
_MAX_SIDE = 420


@dataclass(frozen=True)
class Suspect:
    """Frames of a recording that probably have the wrong label.

    Attributes:
        filename: Name of the recording.
        first: Number of the first frame.
        last: Number of the last frame.
        shown: Number of the most suspect frame.
        given: Label of the frames.
        suggested: Label that the models predict for the frame shown.
        given_probability: Probability of the given label in the frame shown.
        suggested_probability: Probability of the suggested label in the frame shown.
    """

    filename: str
    first: int
    last: int
    shown: int
    given: str
    suggested: str
    given_probability: float
    suggested_probability: float


def repeated_predictions(
    data: Dataset,
    n_folds: int,
    repeats: int,
    settings: FitSettings,
    advance: Callable[[int], None],
    at_most: int | None = None,
) -> Predictions:
    """Out-of-fold probabilities, averaged over several ways of splitting into folds.

    Boosted trees get the number of rounds that is best for the first of all folds.

    The prediction for a frame depends on the recordings that happen to be in the training part; an
    average over several splits ranks suspects better.
    """
    predictions = []
    kept = kept_rows(data, at_most)
    for repeat in range(repeats):
        folds = [
            Fold(fold.train[kept[fold.train]], fold.test)
            for fold in grouped_folds(data, n_folds, settings.seed + repeat)
        ]
        if not repeat:
            settings, _ = with_best_rounds(data, folds[:1], settings)
        predictions.append(predict_out_of_fold(data, folds, settings, "", advance).predictions)
    mean = np.mean([one.probabilities for one in predictions], axis=0)
    return replace(predictions[0], probabilities=mean)


def find_suspects(predictions: Predictions, at_most: int) -> list[Suspect]:
    """The most suspect labels, most suspect first."""
    ranked: NDArray[np.int64] = find_label_issues(
        predictions.truth,
        predictions.probabilities.astype(np.float64),
        # cleanlab's other filters return about as many as it estimates to be wrong; a person can
        # check more, and stop when the suspects turn out to be right.
        filter_by="predicted_neq_given",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    suspects = [_suspect(predictions, rows) for rows in _stretches(predictions, ranked)]
    suspects.sort(key=lambda suspect: suspect.given_probability)
    return _each_spot_once(suspects)[:at_most]


def _each_spot_once(suspects: list[Suspect]) -> list[Suspect]:
    """Only the most suspect of overlapping stretches of a recording and its copies."""
    chosen: defaultdict[str, list[Suspect]] = defaultdict(list)
    kept = []
    for suspect in suspects:
        of_recording = chosen[source_recording(suspect.filename)]
        copies = (other for other in of_recording if other.filename != suspect.filename)
        if any(other.first <= suspect.last and suspect.first <= other.last for other in copies):
            continue
        of_recording.append(suspect)
        kept.append(suspect)
    return kept


def write_suspects(
    suspects: list[Suspect],
    folder: Path,
    data: DataParams,
    media: MediaParams,
    labeller: str,
) -> Path:
    """Write ``label_issues.csv`` and ``label_issues.html``; returns the path of the page.

    Args:
        suspects: Suspects in display order.
        folder: Folder for both files.
        data: Folders of the recordings.
        media: Limits for reading media.
        labeller: Address of the labelling tool, for the links.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        atomic_write(folder / "label_issues.csv") as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, list(Suspect.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(vars(suspect) for suspect in suspects)
    frames = {suspect: FrameId(suspect.filename, suspect.shown) for suspect in suspects}
    found = thumbnails(frames.values(), data, media, _MAX_SIDE)
    page = folder / "label_issues.html"
    render(
        "label_issues.html",
        page,
        suspects=[(suspect, found.get(frames[suspect])) for suspect in suspects],
        labeller=labeller,
    )
    return page


def _stretches(predictions: Predictions, ranked: NDArray[np.int64]) -> list[list[int]]:
    """Suspect rows, grouped into stretches that a person would check together."""
    alike: defaultdict[tuple[str, int, int], list[int]] = defaultdict(list)
    for row in ranked.tolist():
        key = (
            str(predictions.filenames[row]),
            int(predictions.truth[row]),
            int(predictions.predicted[row]),
        )
        alike[key].append(row)
    stretches = []
    for rows in alike.values():
        rows.sort(key=lambda row: int(predictions.frame_numbers[row]))
        numbers = predictions.frame_numbers[rows]
        ends = np.flatnonzero(np.diff(numbers) > _MAX_FRAMES_BETWEEN) + 1
        stretches += [part.tolist() for part in np.split(np.array(rows), ends)]
    return stretches


def _suspect(predictions: Predictions, rows: list[int]) -> Suspect:
    given = predictions.probabilities[rows, predictions.truth[rows]]
    shown = rows[int(given.argmin())]
    numbers = predictions.frame_numbers[rows]
    return Suspect(
        filename=str(predictions.filenames[shown]),
        first=int(numbers[0]),
        last=int(numbers[-1]),
        shown=int(predictions.frame_numbers[shown]),
        given=predictions.labels[predictions.truth[shown]],
        suggested=predictions.labels[predictions.predicted[shown]],
        given_probability=float(given.min()),
        suggested_probability=float(predictions.probabilities[shown].max()),
    )
