"""Every model with every batch size and learning rate, in several processes or on a cluster.

The folder of a grid is named after everything that its results depend on. So a grid that was
killed and is started again finds the cells that are finished, and an unchanged one is not trained
again.
"""

import hashlib
from collections.abc import Iterator
from itertools import product

from training.errors import TrainingError
from training.recordings.content_hashes import settings_key
from training.runtime.workers import Failed, Workers, each_done
from training.sequence.fitting.cell import (
    BASELINE,
    TRAIN_FILE,
    VALIDATION_FILE,
    Cell,
    CellResult,
    train_cell,
)
from training.sequence.fitting.stored_samples import save_samples
from training.sequence.networks.model_file import package_versions
from training.sequence.preprocessing.samples import Samples
from training.sequence_params import SequenceParams


def prepare_grid(train: Samples, validation: Samples, params: SequenceParams) -> list[Cell]:
    """Write the samples, and return the cells that are to be trained on them."""
    folder = params.folder / _key(train, validation, params)[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for samples, name in ((train, TRAIN_FILE), (validation, VALIDATION_FILE)):
        if not (folder / name).is_file():
            save_samples(samples, folder / name)
    cells = []
    for model in params.models:
        options = product(params.batch_options, params.lr_options)
        cells += [
            Cell(folder, model, batch, lr, params.epochs_limit, params.patience, params.seed)
            for batch, lr in ([(0, 0.0)] if model == BASELINE else options)
        ]
    return cells


def train_grid(cells: list[Cell], workers: Workers) -> Iterator[tuple[Cell, CellResult]]:
    """Train the cells; results as they are finished, in no particular order.

    Raises:
        TrainingError: A cell failed, results cannot be written, or the cluster cannot be reached.
            Finished cells stay.
    """
    if any(cell.model != BASELINE for cell in cells):
        require_jax()
    for cell, result in each_done(train_cell, cells, cells[0].folder, workers):
        if isinstance(result, Failed):
            raise TrainingError(f"The training of {cell.name} failed: {result.reason}")
        yield cell, result


def require_jax() -> None:
    """Fail before any work if the extra with JAX is not installed.

    Raises:
        TrainingError: It is not.
    """
    import training.sequence.networks.backend  # noqa: F401


def chosen(results: dict[Cell, CellResult]) -> Cell:
    """The cell with the least validation loss; on a tie, the baseline, or the first."""
    return min(results, key=lambda cell: (results[cell].validation_loss, cell.model != BASELINE))


def _key(train: Samples, validation: Samples, params: SequenceParams) -> str:
    contents = hashlib.sha256()
    for samples in (train, validation):
        scaling = samples.fitted_scaling
        for array in (samples.arrays(), samples.targets, scaling.mean, scaling.scale):
            contents.update(array.tobytes())
    return settings_key(
        {
            "samples": contents.hexdigest(),
            "kind": train.kind,
            "epochs_limit": params.epochs_limit,
            "patience": params.patience,
            "seed": params.seed,
            "versions": package_versions(),
        }
    )
