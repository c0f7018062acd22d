"""Predictions for single frames: photos, and landmarks from a client."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.exports.entries import labelled, rounded
from shared_features.classify.classifier import ModelContract


@dataclass(frozen=True)
class Prediction:
    """A model's prediction for one frame.

    Attributes:
        person: Whether a person was found.
        label: The likeliest label; None without a person.
        uncertain: Whether even the likeliest label is below the confidence at which a pose starts
            in a timeline.
        confidence: The highest probability; None without a person.
        probabilities: Probabilities by label; None without a person.
    """

    person: bool
    label: str | None
    uncertain: bool
    confidence: float | None
    probabilities: dict[str, float] | None


def prediction_of(probabilities: NDArray[np.float32], contract: ModelContract) -> Prediction:
    """The prediction from the probabilities ``(labels,)`` of one frame; NaN without a person."""
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
