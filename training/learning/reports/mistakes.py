"""The worst mistakes of a model, with thumbnails."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from shared_features.params import MediaParams
from training.learning.evaluation.predictions import Predictions
from training.learning.reports.thumbnails import FrameId, thumbnails
from training.params import DataParams
from training.recordings.catalog import source_recording

# Neighbouring frames of a video are wrong in the same way, so one of them is enough.
_MAX_PER_RECORDING = 2
_MIN_FRAMES_APART = 30
_MAX_SIDE = 360


@dataclass(frozen=True)
class Mistake:
    """A frame with a wrong prediction.

    Attributes:
        filename: Name of the recording.
        frame_number: Number of the frame in the recording.
        truth: Label of the frame.
        predicted: Label that the model predicted.
        probability: Probability that the model gave to its prediction.
        truth_probability: Probability that the model gave to the true label.
        thumbnail: JPEG image; None if the recording is gone.
    """

    filename: str
    frame_number: int
    truth: str
    predicted: str
    probability: float
    truth_probability: float
    thumbnail: bytes | None


def worst_mistakes(
    predictions: Predictions, at_most: int, data: DataParams, media: MediaParams
) -> tuple[Mistake, ...]:
    """The wrong predictions that gave the true label the lowest probability, worst first."""
    rows = _worst_rows(predictions, at_most)
    frames = {row: _frame(predictions, row) for row in rows}
    found = thumbnails(frames.values(), data, media, _MAX_SIDE)
    return tuple(
        Mistake(
            filename=frames[row].filename,
            frame_number=frames[row].frame_number,
            truth=predictions.labels[predictions.truth[row]],
            predicted=predictions.labels[predictions.predicted[row]],
            probability=float(predictions.probabilities[row].max()),
            truth_probability=float(predictions.probabilities[row, predictions.truth[row]]),
            thumbnail=found.get(frames[row]),
        )
        for row in rows
    )


def _worst_rows(predictions: Predictions, at_most: int) -> list[int]:
    wrong = np.flatnonzero(predictions.predicted != predictions.truth)
    truth_probability = predictions.probabilities[wrong, predictions.truth[wrong]]
    taken: defaultdict[str, list[int]] = defaultdict(list)
    rows = []
    for row in wrong[np.argsort(truth_probability, kind="stable")].tolist():
        frame = _frame(predictions, row)
        # The mirrored copy shows the same spot.
        others = taken[source_recording(frame.filename)]
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
