"""Predictions for every recording by a model that has not learned from it.

Each fold is predicted by a model trained on the other folds. All of the data is evaluated this way,
as honestly as a held-out test evaluates a part of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared_features.runtime.atomic import atomic_write
from training.data.dataset import Dataset
from training.data.splits import Fold
from training.errors import DatasetError
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.summary import Evaluation, evaluate


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions, and the fold that each comes from.

    Attributes:
        predictions: Predictions for every row that is not augmented, in the table's order.
        fold_of_row: ``(n,)`` fold in which each of these rows was tested.
        dataset_key: Hash of the table they were made from.
    """

    predictions: Predictions
    fold_of_row: NDArray[np.int64]
    dataset_key: str

    @property
    def learned(self) -> NDArray[np.bool_]:
        """``(n,)`` whether the model that predicted the row had learned the row's label.

        A model gives probability 0 to labels of which it has seen no row, so nothing can be learned
        from how certain it was of them.
        """
        predictions, learned = self.predictions, np.zeros(len(self.predictions), dtype=bool)
        for fold in np.unique(self.fold_of_row):
            tested = self.fold_of_row == fold
            known = predictions.probabilities[tested].any(axis=0)
            learned[tested] = known[predictions.truth[tested]]
        return learned

    @property
    def untested(self) -> tuple[int, ...]:
        """Codes of the labels that no model had learned where it was tested on them."""
        found, learned = self.predictions.truth, self.learned
        return tuple(sorted(set(found.tolist()) - set(found[learned].tolist())))

    def evaluation(self) -> Evaluation:
        """The scores over all folds."""
        return evaluate(self.predictions, self.untested)

    def per_fold(self) -> list[Evaluation]:
        """The scores of each fold."""
        return [
            evaluate(self.predictions.rows(self.fold_of_row == fold), self.untested)
            for fold in np.unique(self.fold_of_row)
        ]

    def save(self, path: Path) -> None:
        """Write everything to one ``.npz`` file, atomically."""
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
    def load(cls, path: Path) -> Self:
        """Read a file written by ``save``.

        Raises:
            DatasetError: There is no such file.
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


def predict_out_of_fold(
    data: Dataset,
    folds: Sequence[Fold],
    settings: FitSettings,
    dataset_key: str,
    advance: Callable[[int], None],
) -> OutOfFold:
    """Train one model per fold and predict the fold with it.

    Args:
        data: The table.
        folds: Folds that test every row that is not augmented exactly once.
        settings: Which model, and how it is fitted.
        dataset_key: Hash of the table, stored with the predictions.
        advance: Called with 1 after each fold.
    """
    probabilities = np.full((len(data), len(data.labels)), np.nan, dtype=np.float32)
    fold_of_row = np.full(len(data), -1, dtype=np.int64)
    for number, fold in enumerate(folds):
        model = fit_model(data.rows(fold.train), settings)
        probabilities[fold.test] = model.predict_proba(data.features[fold.test])
        fold_of_row[fold.test] = number
        advance(1)
    tested = fold_of_row >= 0
    predictions = Predictions.of(data.rows(tested), probabilities[tested])
    return OutOfFold(predictions, fold_of_row[tested], dataset_key)
