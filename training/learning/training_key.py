"""Recognises a table and settings that have been trained on before."""

import hashlib
import json

from shared_features.params import SharedParams
from training.data.training_data import TrainingData
from training.learning.export.model_file import package_versions
from training.learning.registry.model_registry import Registry
from training.params import TrainingParams

KEY_TAG = "training_key"


def trained_before(
    training_data: TrainingData, shared: SharedParams, params: TrainingParams
) -> str | None:
    """The version trained on exactly this table with exactly these settings, if there is one.

    A version whose files are gone does not count.

    Raises:
        TrainingError: MLflow's store cannot be used.
    """
    key = training_key(training_data, shared, params)
    registry = Registry(params.tracking)
    for version in registry.versions():
        if version.tags.get(KEY_TAG) == key and registry.has_files(version):
            return str(version.version)
    return None


def training_key(training_data: TrainingData, shared: SharedParams, params: TrainingParams) -> str:
    """A hash of everything that a trained model depends on."""
    facts = {
        "table": training_data.sha256,
        "split": dict(training_data.split.by_group),
        "features": training_data.spec.hash,
        "timeline": shared.timeline.model_dump(),
        "labels": shared.labels.model_dump(),
        "training": params.model_training.model_dump(),
        "versions": package_versions(),
    }
    content = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()
