"""What a model answers on every recording while it has not learned from it.

Each fold is answered by a model trained on the others, so every frame gets an answer that is as
honest as that of a held-out test, and all of the data is judged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.runtime.atomic import atomic_write
from training.data.dataset import Dataset
from training.data.splits import Fold
from training.errors import DatasetError
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.evaluation.evaluate import Evaluation, Predictions, evaluate


@dataclass(frozen=True)
class OutOfFold:
    """The answers, and how they are spread over the folds.

    Attributes:
        predictions: of every row that is not augmented, in the table's order.
        fold_of_row: ``(n,)`` which fold each of them was tested in.
        dataset_key: of the table they were made from.
    """

    predictions: Predictions
    fold_of_row: NDArray[np.int64]
    dataset_key: str

    def per_fold(self) -> list[Evaluation]:
        """The scores of each fold by itself."""
        return [
            evaluate(_rows(self.predictions, self.fold_of_row == fold))
            for fold in np.unique(self.fold_of_row)
        ]

    def save(self, path: Path) -> None:
        """Write all of it to one ``.npz`` file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            np.savez_compressed(
                temporary,
                allow_pickle=False,
                labels=np.array(self.predictions.labels),
                truth=self.predictions.truth,
                probabilities=self.predictions.probabilities,
                filenames=self.predictions.filenames,
                frame_numbers=self.predictions.frame_numbers,
                fold_of_row=self.fold_of_row,
                dataset_key=np.array(self.dataset_key),
            )

    @classmethod
    def load(cls, path: Path) -> "OutOfFold":
        """What ``save`` wrote.

        Raises:
            DatasetError: there is no such file.
        """
        if not path.is_file():
            raise DatasetError(f"There is no {path}. Run `straps-train train` first.")
        with np.load(path) as stored:
            predictions = Predictions(
                tuple(stored["labels"].tolist()),
                stored["truth"],
                stored["probabilities"],
                stored["filenames"],
                stored["frame_numbers"],
            )
            return cls(predictions, stored["fold_of_row"], str(stored["dataset_key"]))


def answer_out_of_fold(
    data: Dataset,
    folds: list[Fold],
    settings: FitSettings,
    dataset_key: str,
    advance: Callable[[int], None],
) -> OutOfFold:
    """Train once per fold and answer the fold with it.

    Args:
        data: the table.
        folds: every row that is not augmented is tested in exactly one of them.
        settings: which model, and how it is fitted.
        dataset_key: of the table, kept with the answers.
        advance: called with 1 after each fold.
    """
    probabilities = np.full((len(data), len(data.labels)), np.nan, dtype=np.float32)
    fold_of_row = np.full(len(data), -1, dtype=np.int64)
    for number, fold in enumerate(folds):
        model = fit_model(data.rows(fold.train), settings)
        probabilities[fold.test] = model.predict_proba(data.features[fold.test])
        fold_of_row[fold.test] = number
        advance(1)
    tested = fold_of_row >= 0
    predictions = predictions_of(data.rows(tested), probabilities[tested])
    return OutOfFold(predictions, fold_of_row[tested], dataset_key)


def predictions_of(data: Dataset, probabilities: NDArray[np.float32]) -> Predictions:
    """Answers to a table's rows."""
    return Predictions(data.labels, data.codes, probabilities, data.filenames, data.frame_numbers)


def _rows(predictions: Predictions, chosen: NDArray[np.bool_]) -> Predictions:
    return Predictions(
        predictions.labels,
        predictions.truth[chosen],
        predictions.probabilities[chosen],
        predictions.filenames[chosen],
        predictions.frame_numbers[chosen],
    )
