"""Labels that are probably wrong, for a person to look at. Nothing is changed here.

A frame is suspected when models that have not seen its recording agree on another label. The order
is that of cleanlab: the less of the probability the given label gets, the more it is suspected.
"""

import csv
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray

from shared_features.params import MediaParams
from shared_features.runtime.atomic import atomic_write
from training.data.dataset import Dataset
from training.data.splits import grouped_folds
from training.learning.estimators.fitting import FitSettings
from training.learning.evaluation.evaluate import Predictions
from training.learning.evaluation.out_of_fold import answer_out_of_fold
from training.learning.reports.pages import render
from training.learning.reports.pictures import FrameId, pictures
from training.params import DataParams

# Suspected frames of one video that are at most this far apart are one suspicion.
_MAX_FRAMES_BETWEEN = 15
_MAX_SIDE = 420


@dataclass(frozen=True)
class Suspect:
    """Frames of one recording that probably carry the wrong label.

    Attributes:
        filename: the recording.
        first: number of the first of the frames.
        last: number of the last one.
        shown: the one that is suspected most.
        given: their label.
        suggested: what the models take it for.
        given_probability: that the models give to the label, in the frame shown.
        suggested_probability: that they give to their suggestion.
    """

    filename: str
    first: int
    last: int
    shown: int
    given: str
    suggested: str
    given_probability: float
    suggested_probability: float


def repeated_answers(
    data: Dataset,
    n_folds: int,
    repeats: int,
    settings: FitSettings,
    advance: Callable[[int], None],
) -> Predictions:
    """Out-of-fold probabilities, averaged over several ways of splitting into folds.

    One split's answer to a frame depends on which recordings happened to be left in; the mean of
    several orders suspects better.
    """
    answers = []
    for repeat in range(repeats):
        folds = grouped_folds(data, n_folds, settings.seed + repeat)
        answers.append(answer_out_of_fold(data, folds, settings, "", advance).predictions)
    first = answers[0]
    mean = np.mean([answer.probabilities for answer in answers], axis=0)
    return Predictions(first.labels, first.truth, mean, first.filenames, first.frame_numbers)


def find_suspects(predictions: Predictions, at_most: int) -> list[Suspect]:
    """The most suspected labels, the most suspected first."""
    ranked: NDArray[np.int64] = find_label_issues(
        predictions.truth,
        predictions.probabilities.astype(np.float64),
        # cleanlab's other filters keep about as many as it estimates to be wrong; a person can
        # look at more, and stop where the suspicions turn out unfounded.
        filter_by="predicted_neq_given",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    suspects = [_suspect(predictions, rows) for rows in _stretches(predictions, ranked)]
    suspects.sort(key=lambda suspect: suspect.given_probability)
    return suspects[:at_most]


def write_suspects(
    suspects: list[Suspect],
    folder: Path,
    data: DataParams,
    media: MediaParams,
    labeller: str,
) -> Path:
    """Write ``label_issues.csv`` and ``label_issues.html``; returns the page.

    Args:
        suspects: in the order in which they are shown.
        folder: where both go.
        data: where recordings are.
        media: limits.
        labeller: address of the labelling tool, for the links.
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
    found = pictures(frames.values(), data, media, _MAX_SIDE)
    page = folder / "label_issues.html"
    render(
        "label_issues.html",
        page,
        suspects=[(suspect, found.get(frames[suspect])) for suspect in suspects],
        labeller=labeller,
    )
    return page


def _stretches(predictions: Predictions, ranked: NDArray[np.int64]) -> list[list[int]]:
    """Suspected rows, those that a person would judge in one look together."""
    alike: defaultdict[tuple[str, int, int], list[int]] = defaultdict(list)
    for row in ranked.tolist():
        key = (
            str(predictions.filenames[row]),
            int(predictions.truth[row]),
            int(predictions.found[row]),
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
        suggested=predictions.labels[predictions.found[shown]],
        given_probability=float(given.min()),
        suggested_probability=float(predictions.probabilities[shown].max()),
    )
