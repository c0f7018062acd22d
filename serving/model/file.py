"""The identity and verification of a model file that may be replaced at any time."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared_features.classify.classifier import PoseClassifier
from shared_features.errors import ClassifierError

# How far the float32 probabilities of a row may be from a sum of 1.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class FileIdentity:
    """Distinguishes a file from earlier and later files at the same path.

    It does not say which is newer: a restored model may have any modification time, and inode
    numbers are reused. Only the time of the last status change cannot be set by a program.

    Attributes:
        device: ID of the disk.
        inode: Number of the file on that disk.
        size: Size in bytes.
        modified_ns: Modification time, which programs can set.
        changed_ns: Time of the last change of name, contents or permissions.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def file_identity(path: Path) -> FileIdentity | None:
    """Identity of the file at a path; None if there is none.

    Raises:
        OSError: The path cannot be accessed.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return FileIdentity(
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    )


def load_verified(path: Path) -> PoseClassifier:
    """Load a model file and check that it predicts and that its description can be shown.

    Raises:
        ClassifierError: The file is missing, damaged, not a pose classifier, has an unknown
            contract, or does not return probabilities.
        OSError, MemoryError: The file cannot be read at the moment.
    """
    try:
        classifier = PoseClassifier(path)
        _verify(classifier)
    except (ClassifierError, OSError, MemoryError):
        raise
    except Exception as error:
        # A boundary: a foreign file can make onnxruntime and the parsers raise anything, and the
        # watching thread has to survive it.
        raise ClassifierError(
            f"{path} cannot be used ({type(error).__name__}: {error}). Export the model again."
        ) from error
    return classifier


def _verify(classifier: PoseClassifier) -> None:
    contract = classifier.contract
    features = np.zeros((2, len(contract.features.columns)), dtype=np.float32)
    features[1, ::2] = np.nan  # some landmarks may be missing
    predicted = classifier.probabilities(features)
    in_range = bool(((predicted >= 0) & (predicted <= 1)).all())
    if not in_range or np.abs(predicted.sum(axis=1) - 1).max() > _SUM_TOLERANCE:
        raise ClassifierError(
            f"{classifier.path} returns {predicted.tolist()} for two rows of features, expected "
            "probabilities between 0 and 1 that add up to 1. Export the model again."
        )
    for name, summary in (("training", contract.training), ("metrics", contract.metrics)):
        try:
            json.dumps(summary, allow_nan=False)
        except ValueError as error:
            raise ClassifierError(
                f"{classifier.path} holds numbers in its {name} summary that are not JSON "
                f"({error}). Remove values that are not finite numbers and export the model again."
            ) from error
        if not isinstance(summary, dict):
            raise ClassifierError(
                f"{classifier.path} has a {name} summary of type {type(summary).__name__}, "
                "expected an object. Export the model again."
            )
