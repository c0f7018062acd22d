"""Probabilities of single frames to answers, for photos and for landmarks of a client."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.exports.entries import labelled, rounded
from shared_features.classify.classifier import ModelContract


@dataclass(frozen=True)
class Prediction:
    """What a model says about one frame.

    Attributes:
        person: whether a person was found.
        label: the likeliest label; None without a person.
        uncertain: whether even the likeliest label is less probable than a pose must be to begin
            in a timeline.
        confidence: the highest probability; None without a person.
        probabilities: by label; None without a person.
    """

    person: bool
    label: str | None
    uncertain: bool
    confidence: float | None
    probabilities: dict[str, float] | None


def prediction_of(probabilities: NDArray[np.float32], contract: ModelContract) -> Prediction:
    """The answer for the probabilities ``(labels,)`` of one frame; NaN without a person."""
    if np.isnan(probabilities).any():
        return Prediction(False, None, False, None, None)
    best = int(probabilities.argmax())
    return Prediction(
        person=True,
        label=contract.labels[best],
        uncertain=bool(probabilities[best] < contract.timeline.enter_confidence),
        confidence=rounded(float(probabilities[best])),
        probabilities=labelled(contract.labels, probabilities),
    )
