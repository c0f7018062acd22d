"""A model file that may be replaced at any time: which file it is, and whether it can be used."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import ClassifierError

# What float32 probabilities of one row may differ from 1 in sum.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class FileIdentity:
    """Tells a file from what was, or will be, in its place; says nothing about old and new.

    A model that is put back may carry any modification time, and the number of a removed file is
    used again. The time of the last change of name or contents cannot be set by anyone.

    Attributes:
        device: the disk it is on.
        inode: its number there.
        size: in bytes.
        modified_ns: when its contents were changed, as far as it says.
        changed_ns: when its name, contents or rights were changed.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def file_identity(path: Path) -> FileIdentity | None:
    """Which file is in that place; None when there is none.

    Raises:
        OSError: the place cannot be looked at.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return FileIdentity(
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    )


def load_verified(path: Path) -> PoseClassifier:
    """The model of a file, tried out: it answers, and what it says about itself can be shown.

    Raises:
        ClassifierError: the file is missing, damaged, not one of ours, of another contract, or
            gives no probabilities.
        OSError, MemoryError: it cannot be read now; that may pass.
    """
    try:
        classifier = PoseClassifier(path)
        _try_out(classifier)
    except (ClassifierError, OSError, MemoryError):
        raise
    except Exception as error:
        # A boundary: a file from elsewhere decides what onnxruntime and the parsers raise here,
        # and whoever watches the file has to outlive it.
        raise ClassifierError(
            f"{path} cannot be used ({type(error).__name__}: {error}). Export the model again."
        ) from error
    return classifier


def _try_out(classifier: PoseClassifier) -> None:
    contract = classifier.contract
    features = np.zeros((2, len(contract.features.columns)), dtype=np.float32)
    features[1, ::2] = np.nan  # landmarks are missing now and then
    answers = classifier.probabilities(features)
    in_range = bool(((answers >= 0) & (answers <= 1)).all())
    if not in_range or np.abs(answers.sum(axis=1) - 1).max() > _SUM_TOLERANCE:
        raise ClassifierError(
            f"{classifier.path} gives {answers.tolist()} for two rows of features, expected "
            "probabilities between 0 and 1 that add up to 1. Export the model again."
        )
    for name, summary in (("training", contract.training), ("metrics", contract.metrics)):
        try:
            json.dumps(summary, allow_nan=False)
        except ValueError as error:
            raise ClassifierError(
                f"{classifier.path} holds numbers in its {name} summary that are not JSON "
                f"({error}). Leave out what is not a finite number and export the model again."
            ) from error
        if not isinstance(summary, dict):
            raise ClassifierError(
                f"{classifier.path} has a {name} summary of type {type(summary).__name__}, "
                "expected an object. Export the model again."
            )
