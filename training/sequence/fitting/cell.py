"""One cell of a grid: one model with one batch size and one learning rate.

It is trained in a worker process, of this machine or of a Dask cluster, and leaves its result on
disk: a cell that is finished is not trained again, and one that was killed continues.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shared_features.runtime.atomic import atomic_write
from training.sequence.fitting.stored_samples import load_samples
from training.sequence.preprocessing.samples import Samples

if TYPE_CHECKING:
    from training.sequence.networks.fitted import FittedModel

BASELINE = "summary_xgb"

TRAIN_FILE = "train.npz"
VALIDATION_FILE = "validation.npz"


@dataclass(frozen=True)
class Cell:
    """What is trained, and where its files are.

    Attributes:
        folder: Folder of the grid, which holds the samples.
        model: Name in ``SEQUENCE_MODELS``.
        batch: Batch size; 0 for the baseline, which has none.
        lr: Learning rate; 0 for the baseline.
        epochs_limit: Greatest number of epochs.
        patience: Epochs without a better validation loss before it stops.
        seed: Seed of everything random.
    """

    folder: Path
    model: str
    batch: int
    lr: float
    epochs_limit: int
    patience: int
    seed: int

    @property
    def name(self) -> str:
        """Name for reports and files."""
        if self.model == BASELINE:
            return self.model
        return f"{self.model}, batch {self.batch}, rate {self.lr:g}"

    @property
    def path(self) -> Path:
        """Its files, without suffix."""
        return self.folder / f"{self.model}_{self.batch}_{self.lr:g}"

    @property
    def result_path(self) -> Path:
        """Its result, once it is finished."""
        return self.path.with_name(self.path.name + ".result.json")

    @property
    def model_path(self) -> Path:
        """Its trained model: weights, or trees in XGBoost's format."""
        suffix = ".ubj" if self.model == BASELINE else ".weights.npz"
        return self.path.with_name(self.path.name + suffix)


@dataclass(frozen=True)
class CellResult:
    """The outcome of a cell.

    Attributes:
        validation_loss: Loss of the best epoch on the samples to decide by.
        best_epoch: That epoch, or number of rounds of trees.
        history: Losses and a metric of each epoch.
        seconds: How long it took; of the last part only, if it was killed.
    """

    validation_loss: float
    best_epoch: int
    history: list[dict[str, float]]
    seconds: float


def train_cell(cell: Cell) -> CellResult:
    """Train a cell, unless it is finished."""
    if cell.result_path.is_file():
        return CellResult(**json.loads(cell.result_path.read_text(encoding="utf-8")))
    started = time.monotonic()
    train, validation = (load_samples(cell.folder / name) for name in (TRAIN_FILE, VALIDATION_FILE))
    fit = _fit_baseline if cell.model == BASELINE else _fit_network
    best_epoch, history = fit(cell, train, validation)
    loss = min(epoch["validation_loss"] for epoch in history)
    result = CellResult(loss, best_epoch, history, time.monotonic() - started)
    with atomic_write(cell.result_path) as temporary:
        temporary.write_text(json.dumps(asdict(result)), encoding="utf-8")
    return result


def _fit_network(
    cell: Cell, train: Samples, validation: Samples
) -> tuple[int, list[dict[str, float]]]:
    from training.sequence.fitting.training import FitSettings, fit_network

    settings = FitSettings(
        cell.model, cell.batch, cell.lr, cell.epochs_limit, cell.patience, cell.seed
    )
    checkpoint = cell.path.with_name(cell.path.name + ".checkpoint.npz")
    fit = fit_network(train, validation, settings, checkpoint)
    weights: dict[str, Any] = fit.weights
    with atomic_write(cell.model_path) as temporary, temporary.open("wb") as file:
        np.savez(file, **weights)
    checkpoint.unlink(missing_ok=True)
    return fit.best_epoch, fit.history


def _fit_baseline(
    cell: Cell, train: Samples, validation: Samples
) -> tuple[int, list[dict[str, float]]]:
    from training.sequence.networks.trees import fit_trees

    fitted = fit_trees(
        (train.arrays(), train.targets),
        (validation.arrays(), validation.targets),
        train.kind,
        cell.seed,
    )
    with atomic_write(cell.model_path) as temporary:
        temporary.write_bytes(fitted.model.get_booster().save_raw("ubj"))
    return fitted.best_epoch, fitted.history


def fitted_model(cell: Cell, samples: Samples) -> "FittedModel":
    """The trained model of a finished cell."""
    if cell.model == BASELINE:
        from training.sequence.networks.trees import load_trees

        return load_trees(cell.model_path, samples.kind)
    from training.sequence.networks.fitted import FittedNetwork

    with np.load(cell.model_path, allow_pickle=False) as content:
        weights = {name: content[name] for name in content.files}
    return FittedNetwork(cell.model, weights, samples.fitted_scaling, samples.kind)
