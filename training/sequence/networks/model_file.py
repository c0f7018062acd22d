"""Writes a trained model to a self-describing ONNX file, if it passes the parity gate."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shared_features.classify.sequence_model import SequenceModel
from shared_features.errors import ClassifierError
from shared_features.runtime.atomic import atomic_write
from shared_features.sequence.contract import CONTRACT_KEY, SequenceContract
from shared_features.sequence.layout import VALID_COLUMN, SequenceArray
from training.errors import ExportError
from training.learning.export.parity import PARITY_TOLERANCE, Parity

if TYPE_CHECKING:
    # Importing it imports JAX, which the baseline does without.
    from training.sequence.networks.fitted import FittedModel

PARITY_CLIPS = 1000
_VERSIONED_PACKAGES = ("jax", "mediapipe", "numpy", "onnx", "optax", "scikit-learn", "xgboost")


def export_sequence_model(
    model: "FittedModel", contract: SequenceContract, sample: SequenceArray, path: Path, seed: int
) -> Parity:
    """Write a model with its contract inside, atomically. The same model gives the same bytes.

    Args:
        model: A trained model.
        contract: The file's description of itself.
        sample: ``(n, num_frames, 133)`` sequences like those it was trained on.
        path: Path of the file.
        seed: Seed for the sequences that are compared.

    Raises:
        ExportError: The file cannot be used, or does not give what the model gives.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        onnx_model = model.to_onnx()
        entry = onnx_model.metadata_props.add()
        entry.key, entry.value = CONTRACT_KEY, contract.to_json()
        temporary.write_bytes(onnx_model.SerializeToString(deterministic=True))
        try:
            exported = SequenceModel(temporary)
        except ClassifierError as error:
            raise ExportError(f"The converted model cannot be used. {error}") from error
        parity = _measured(model, exported, _sequences(sample, seed))
        if not parity.passed:
            raise ExportError(
                "The ONNX file differs from the model: its outputs are off by up to "
                f"{parity.max_difference:.1e} (allowed {PARITY_TOLERANCE:.0e}), and "
                f"{parity.differing_labels} of {parity.rows} clips get another label. Nothing was "
                "written."
            )
    return parity


def package_versions() -> dict[str, str]:
    """Versions of the libraries that a model depends on; JAX is only there with its extra."""
    versions = {}
    for package in _VERSIONED_PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def contract_scores(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as a model file states them: rounded, and only those that are known."""
    return {name: round(value, 4) for name, value in scores.items() if not np.isnan(value)}


def _sequences(sample: SequenceArray, seed: int) -> SequenceArray:
    """A third as they are, a third trembling, a third with steps that have no person."""
    random = np.random.default_rng(seed)
    rows = sample[random.integers(len(sample), size=PARITY_CLIPS)].copy()
    third = PARITY_CLIPS // 3
    trembling = rows[:third, :, :VALID_COLUMN]
    trembling += random.normal(0, 0.3, trembling.shape).astype(np.float32)
    rows[third : 2 * third, :, VALID_COLUMN] = random.random((third, rows.shape[1])) < 0.8
    return rows


def _measured(model: "FittedModel", exported: SequenceModel, rows: SequenceArray) -> Parity:
    given = exported.outputs(rows)
    answered = ~np.isnan(given).any(axis=1)
    expected, given = model.outputs(rows[answered]), given[answered]
    chosen = given.argmax(axis=1)[:, np.newaxis]
    shortfall = expected.max(axis=1) - np.take_along_axis(expected, chosen, axis=1)[:, 0]
    return Parity(
        rows=len(given),
        max_difference=float(np.abs(expected - given).max()),
        differing_labels=int((shortfall > PARITY_TOLERANCE).sum()),
    )
