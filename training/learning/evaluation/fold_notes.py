"""Explains a fold that scores far below the others: which recordings, and which labels."""

from collections.abc import Sequence

import numpy as np

from training.learning.evaluation.out_of_fold import OutOfFold
from training.learning.evaluation.predictions import Predictions
from training.recordings.catalog import listed

_FAR_BELOW = 0.15
_LABELS_SHOWN = 2
_RECORDINGS_SHOWN = 5
_WRONG_SHARE = 0.2


def fold_notes(out_of_fold: OutOfFold, per_fold: Sequence[float]) -> list[str]:
    """A sentence about each fold that is far below the middle one.

    Args:
        out_of_fold: The predictions.
        per_fold: Macro F1 of each fold.
    """
    middle = float(np.median(per_fold))
    notes = []
    for fold, score in zip(np.unique(out_of_fold.fold_of_row), per_fold, strict=True):
        if score < middle - _FAR_BELOW:
            tested = out_of_fold.predictions.rows(out_of_fold.fold_of_row == fold)
            others = [one for one in per_fold if one != score]
            span = f"{min(others):.2f} to {max(others):.2f}" if others else "none"
            notes.append(
                f"Fold {fold + 1} has a macro F1 of {score:.2f}, the others {span}. "
                f"{_what_is_wrong(tested)}"
            )
    return notes


def _what_is_wrong(tested: Predictions) -> str:
    wrong = tested.predicted != tested.truth
    sentences = []
    counts = np.bincount(tested.truth[wrong], minlength=len(tested.labels))
    for code in np.argsort(-counts, kind="stable")[:_LABELS_SHOWN].tolist():
        if not counts[code]:
            continue
        of_label = tested.truth == code
        taken = np.bincount(tested.predicted[of_label & wrong], minlength=len(tested.labels))
        sentences.append(
            f"{counts[code]:,} of {of_label.sum():,} frames of {tested.labels[code]} are taken for "
            f"other labels, mostly {tested.labels[int(taken.argmax())]}"
        )
    recordings = [
        f"{name} ({share:.0%} wrong)"
        for name, share in sorted(_wrong_shares(tested).items(), key=lambda item: -item[1])
        if share >= _WRONG_SHARE
    ]
    if recordings:
        sentences.append(f"in {listed(recordings, _RECORDINGS_SHOWN)}")
    return "; ".join(sentences) + "." if sentences else ""


def _wrong_shares(tested: Predictions) -> dict[str, float]:
    wrong = tested.predicted != tested.truth
    return {
        str(name): float(wrong[tested.filenames == name].mean())
        for name in np.unique(tested.filenames)
    }
