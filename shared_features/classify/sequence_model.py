"""Scores and labels of clips, from an ONNX model file that describes itself.

The file's metadata holds its contract under ``sequence.contract.CONTRACT_KEY``; serving needs no
other file, and a model made for other arrays is rejected rather than misused.
"""

import hashlib
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.onnx_file import last_sizes, metadata_of, open_session
from shared_features.errors import ClassifierError, FeatureSpecError
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.sequence.clips import clip_sequence
from shared_features.sequence.contract import (
    CONTRACT_KEY,
    INPUT_NAME,
    OUTPUT_NAME,
    SCORE_SCALE,
    SequenceContract,
    Task,
)
from shared_features.sequence.layout import SEQUENCE_COLUMNS, SequenceArray, valid_share

_HOW_TO_MAKE = "Train one with `straps-train sequence` and promote it."


class SequenceModel:
    """Computes the outputs of a sequence model. Threads can share one, and it can be pickled.

    Args:
        path: Path of the model file.
        content: Contents of the file, if it has been read already.
        task: The task that the file must be for; None: any.

    Raises:
        ClassifierError: The file is missing, damaged, not a sequence model, or has a contract that
            this program cannot honour.
    """

    def __init__(self, path: Path, content: bytes | None = None, task: Task | None = None) -> None:
        if content is None and not path.is_file():
            raise ClassifierError(f"There is no sequence model {path}. {_HOW_TO_MAKE}")
        content = path.read_bytes() if content is None else content
        self.path = path
        self._content = content
        self._session = open_session(path, content, _HOW_TO_MAKE)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.contract = self._read_contract()
        self._check_shapes()
        if task not in (None, self.contract.task):
            raise ClassifierError(
                f"{path} is a sequence model to {self.contract.task}, expected one to {task}. "
                f"{_HOW_TO_MAKE}"
            )

    def __reduce__(self) -> tuple[type[Self], tuple[Path, bytes]]:
        """Pickle support."""
        return type(self), (self.path, self._content)

    def outputs(self, sequences: SequenceArray) -> NDArray[np.float32]:
        """Outputs ``(n, contract.outputs)`` of sequences ``(n, num_frames, 133)``.

        They are computed one by one: in a batch, matrix products add up in another order, and a
        clip would get other bits in company than alone. A sequence with too few steps with a
        person has outputs of NaN.
        """
        answers = np.full((len(sequences), self.contract.outputs), np.nan, dtype=np.float32)
        for number, sequence in enumerate(sequences):
            if valid_share(sequence) >= self.contract.min_valid_share:
                answers[number] = self._session.run(
                    [OUTPUT_NAME], {INPUT_NAME: sequence[np.newaxis]}
                )[0][0]
        return answers

    def of_clip(
        self, track: LandmarkTrack, start_s: float = 0.0, end_s: float = np.inf
    ) -> NDArray[np.float32]:
        """Outputs ``(contract.outputs,)`` of the frames from ``start_s`` to ``end_s``.

        Raises:
            TrackError: The track has no frame in that time.
        """
        sequence = clip_sequence(track, self.contract.sequence, start_s, end_s)
        answers: NDArray[np.float32] = self.outputs(sequence[np.newaxis])[0]
        return answers

    def _read_contract(self) -> SequenceContract:
        metadata = metadata_of(self._session)
        if CONTRACT_KEY not in metadata:
            raise ClassifierError(
                f"{self.path} is an ONNX file without the description of a sequence model "
                f"(metadata key {CONTRACT_KEY!r}). {_HOW_TO_MAKE}"
            )
        try:
            return SequenceContract.from_json(metadata[CONTRACT_KEY])
        except FeatureSpecError as error:
            raise ClassifierError(f"{self.path} cannot be used. {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ClassifierError(
                f"{self.path} has a description that this program does not understand "
                f"({type(error).__name__}: {error}). Export the model again with this version."
            ) from error

    def _check_shapes(self) -> None:
        columns, outputs = last_sizes(self._session, INPUT_NAME, OUTPUT_NAME)
        if (columns, outputs) != (SEQUENCE_COLUMNS, self.contract.outputs):
            raise ClassifierError(
                f"{self.path} takes {columns} columns and returns {outputs} outputs, but its "
                f"description names {SEQUENCE_COLUMNS} and {self.contract.outputs}. Export the "
                "model again."
            )


class QualityScorer(SequenceModel):
    """A sequence model that scores: points from 0 to 100 for a clip.

    Args:
        path: Path of the model file, ``models/quality.onnx``.
        content: Contents of the file, if it has been read already.

    Raises:
        ClassifierError: The file cannot be used, or does not score.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        super().__init__(path, content, task="score")

    def score(self, track: LandmarkTrack, start_s: float = 0.0, end_s: float = np.inf) -> float:
        """Points from 0 to 100 of the clip; NaN if there is no person in too much of it.

        Raises:
            TrackError: The track has no frame in that time.
        """
        return points(self.of_clip(track, start_s, end_s))[0]


def points(outputs: NDArray[np.float32]) -> list[float]:
    """Points from 0 to 100 of a scorer's outputs."""
    return [float(output) * SCORE_SCALE for output in outputs.ravel()]
