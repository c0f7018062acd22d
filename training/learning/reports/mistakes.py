"""The frames that a model gets most wrong, with their pictures."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from shared_features.params import MediaParams
from training.learning.evaluation.evaluate import Predictions
from training.learning.reports.pictures import FrameId, pictures
from training.params import DataParams

# Neighbouring frames of one video are wrong in the same way: one look at them is enough.
_MAX_PER_RECORDING = 2
_MIN_FRAMES_APART = 30
_MAX_SIDE = 360


@dataclass(frozen=True)
class Mistake:
    """A frame that got a wrong answer.

    Attributes:
        filename: the recording.
        frame_number: which of its frames.
        truth: its label.
        answer: what the model took it for.
        probability: that the model gave to the answer.
        truth_probability: that it gave to the truth.
        picture: JPEG; None where the recording is not there any more.
    """

    filename: str
    frame_number: int
    truth: str
    answer: str
    probability: float
    truth_probability: float
    picture: bytes | None


def worst_mistakes(
    predictions: Predictions, at_most: int, data: DataParams, media: MediaParams
) -> tuple[Mistake, ...]:
    """The wrong answers with the least probability for the truth, the worst first."""
    rows = _worst_rows(predictions, at_most)
    frames = {row: _frame(predictions, row) for row in rows}
    found = pictures(frames.values(), data, media, _MAX_SIDE)
    return tuple(
        Mistake(
            filename=frames[row].filename,
            frame_number=frames[row].frame_number,
            truth=predictions.labels[predictions.truth[row]],
            answer=predictions.labels[predictions.found[row]],
            probability=float(predictions.probabilities[row].max()),
            truth_probability=float(predictions.probabilities[row, predictions.truth[row]]),
            picture=found.get(frames[row]),
        )
        for row in rows
    )


def _worst_rows(predictions: Predictions, at_most: int) -> list[int]:
    wrong = np.flatnonzero(predictions.found != predictions.truth)
    truth_probability = predictions.probabilities[wrong, predictions.truth[wrong]]
    taken: defaultdict[str, list[int]] = defaultdict(list)
    rows = []
    for row in wrong[np.argsort(truth_probability, kind="stable")].tolist():
        frame = _frame(predictions, row)
        others = taken[frame.filename]
        near = any(abs(frame.frame_number - other) < _MIN_FRAMES_APART for other in others)
        if near or len(others) >= _MAX_PER_RECORDING:
            continue
        others.append(frame.frame_number)
        rows.append(row)
        if len(rows) == at_most:
            break
    return rows


def _frame(predictions: Predictions, row: int) -> FrameId:
    return FrameId(str(predictions.filenames[row]), int(predictions.frame_numbers[row]))
