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
        in_view: Whether all of the body that a pose needs is in view; if not, what the picture
            does not show was guessed, so there is no label.
        label: The likeliest label; None without a person, or if not all of the body is in view.
        uncertain: Whether even the likeliest label is below the confidence at which a pose starts
            in a timeline.
        confidence: The highest probability; None without a label.
        probabilities: Probabilities by label; None without a label.
    """

    person: bool
    in_view: bool
    label: str | None
    uncertain: bool
    confidence: float | None
    probabilities: dict[str, float] | None


def prediction_of(
    probabilities: NDArray[np.float32], contract: ModelContract, person: bool
) -> Prediction:
    """The prediction for one frame.

    Args:
        probabilities: ``(labels,)``; NaN without a person, or if not all of the body is in view.
        contract: Description of the model.
        person: Whether a person was found.
    """
    if np.isnan(probabilities).any():
        return Prediction(person, False, None, False, None, None)
    best = int(probabilities.argmax())
    return Prediction(
        person=True,
        in_view=True,
        label=contract.labels[best],
        uncertain=bool(probabilities[best] < contract.timeline.enter_confidence),
        confidence=rounded(float(probabilities[best])),
        probabilities=labelled(contract.labels, probabilities),
    )
