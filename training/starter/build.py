"""The starter model, trained on synthetic data only, by the same code as every other model.

It learns from two kinds of samples: generated landmarks with simulated detector errors, which are
cheap and plentiful; and rendered frames that went through the real MediaPipe, which are expensive
and few but make the difference on real recordings. Its probabilities are calibrated, and its scores
measured, on rendered frames of performers and shots that training has not seen, never on simulated
landmarks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import ModelContract
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import mirror_image, mirror_world
from shared_features.params import SharedParams
from shared_features.pose import model_asset
from training.data.dataset import Dataset
from training.data.splits import Fold
from training.errors import TrainingError
from training.learning.estimators.fitting import FitSettings, balanced_weights, fit_model
from training.learning.evaluation.calibration import CalibratedModel, fit_calibration
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.summary import evaluate
from training.learning.export.model_file import contract_metrics, package_versions
from training.learning.export.onnx_file import export_model
from training.learning.export.parity import Parity
from training.learning.search.boosting import ROUNDS, boosted_curve
from training.params import StarterParams
from training.runtime.workers import in_processes
from training.starter.detection import DetectedFrames
from training.synthetic.poses.table import LABELS, OTHER
from training.synthetic.samples import (
    LANDMARKS_PER_GROUP,
    LandmarkSamples,
    concatenated,
    landmark_groups,
)

_GROUPS_PER_TASK = 100


@dataclass(frozen=True)
class StarterReport:
    """The result of building a starter model.

    Attributes:
        contract: The contract written into the file, metrics included.
        parity: How closely the file reproduces the model it was exported from.
        size_megabytes: Size of the file.
    """

    contract: ModelContract
    parity: Parity
    size_megabytes: float


def generate(params: StarterParams, report_progress: Callable[[int], None]) -> LandmarkSamples:
    """Generated landmarks with simulated detector errors, computed on all cores.

    Args:
        params: Seed and number of samples, rounded up to whole tasks.
        report_progress: Called with the number of samples generated so far.

    Raises:
        TrainingError: A worker process died.
    """
    per_task = LANDMARKS_PER_GROUP * _GROUPS_PER_TASK
    n_tasks = -(-params.generated_samples // per_task)
    parts: dict[int, LandmarkSamples] = {}
    task = partial(_generate_task, params.seed, _GROUPS_PER_TASK)
    for number, samples in in_processes(task, range(n_tasks)):
        parts[number] = samples
        report_progress(len(parts) * per_task)
    return concatenated([parts[number] for number in range(n_tasks)])


def _generate_task(seed: int, n_groups: int, number: int) -> LandmarkSamples:
    return landmark_groups(seed, number * n_groups, n_groups)


def build_starter(
    generated: LandmarkSamples,
    detected: DetectedFrames,
    params: StarterParams,
    shared: SharedParams,
    output: Path,
) -> StarterReport:
    """Train, evaluate on held-out performers and shots, and write the model file.

    Raises:
        TrainingError: The poses in ``params.yaml`` are not those that the generator knows, or the
            file is larger than allowed.
        ExportError: The file does not reproduce the model's predictions.
    """
    labels = (*shared.labels.poses, shared.labels.other)
    if set(labels) != set(LABELS) or shared.labels.other != OTHER:
        raise TrainingError(
            f"The starter model can only learn the generated poses {sorted(LABELS)}, but `labels` "
            f"in params.yaml lists {sorted(labels)}. To use other poses, train on your own "
            "recordings."
        )
    spec = FeatureSpec(**shared.features.model_dump())
    train, tune, test = split_by_group(detected.samples, params)
    settings, model = _fit((generated, train, tune), labels, spec, params)
    model = _calibrated(model, _dataset(with_mirror_images(tune), labels, spec))
    tested = _dataset(test, labels, spec)
    evaluation = evaluate(Predictions.of(tested, model.predict_proba(tested.features)))
    contract = ModelContract(
        labels=labels,
        other=shared.labels.other,
        features=spec,
        timeline=shared.timeline,
        training=_provenance(generated, detected, params, settings)
        | {"calibration": model.calibration.to_dict()},
        metrics=contract_metrics(
            evaluation, "rendered frames through MediaPipe, performers and shots unseen in training"
        ),
    )
    sample = _dataset(train, labels, spec).features
    parity = export_model(model, contract, sample, output, params.seed)
    size = output.stat().st_size / 1e6
    if size > params.max_megabytes:
        raise TrainingError(
            f"{output} is {size:.1f} MB; the limit for a file to commit is "
            f"{params.max_megabytes} MB. Lower `training.starter.xgboost.max_rounds` or "
            "`max_depth`."
        )
    return StarterReport(contract, parity, size)


def split_by_group(
    samples: LandmarkSamples, params: StarterParams
) -> tuple[LandmarkSamples, LandmarkSamples, LandmarkSamples]:
    """Train, tune and test; each performer and shot is in only one of them.

    ``tune`` is for early stopping and calibration.
    """
    groups = np.random.default_rng(params.seed).permutation(np.unique(samples.groups))
    held_out = max(1, round(len(groups) * params.held_out_share))
    test = np.isin(samples.groups, groups[:held_out])
    tune = np.isin(samples.groups, groups[held_out : 2 * held_out])
    return samples.rows(~test & ~tune), samples.rows(tune), samples.rows(test)


def with_mirror_images(samples: LandmarkSamples) -> LandmarkSamples:
    """All samples followed by their mirror images, which stay in their sample's group."""
    mirrored = replace(
        samples, image=mirror_image(samples.image), world=mirror_world(samples.world)
    )
    return concatenated([samples, mirrored])


def _fit(
    parts: tuple[LandmarkSamples, LandmarkSamples, LandmarkSamples],
    labels: tuple[str, ...],
    spec: FeatureSpec,
    params: StarterParams,
) -> tuple[FitSettings, Any]:
    """The settings, with the number of rounds, and the fitted model.

    Args:
        parts: Samples ``generated``, ``train`` and ``tune``. The model learns from the first two;
            the last decides the number of rounds if they are to stop early.
        labels: Names of the labels.
        spec: Which features.
        params: Hyperparameters and weights.
    """
    generated = _dataset(parts[0], labels, spec)
    train, tune = (_dataset(with_mirror_images(part), labels, spec) for part in parts[1:])
    table = _joined([generated, train, tune])
    weights = np.concatenate(
        [
            _weights(generated, params),
            _weights(train, params) * params.rendered_weight,
            _weights(tune, params),
        ]
    )
    rows = np.arange(len(table))
    fold = Fold(rows[: -len(tune)], rows[-len(tune) :])
    trees = params.xgboost.model_dump(exclude={"max_rounds", "early_stopping_rounds"})
    rounds, patience = params.xgboost.max_rounds, params.xgboost.early_stopping_rounds
    settings = FitSettings("xgb", params.seed, hyperparameters=trees | {ROUNDS: rounds})
    if patience is not None:
        curve = boosted_curve(
            table, [fold], settings, "log_loss", weights=weights, patience_rounds=patience
        )
        settings = replace(settings, hyperparameters=trees | {ROUNDS: curve.best_rounds})
    return settings, fit_model(table.rows(fold.train), settings, weights[fold.train])


def _calibrated(model: Any, tune: Dataset) -> CalibratedModel:
    """The model with probabilities that are right for performers it has not learned from."""
    said = Predictions.of(tune, model.predict_proba(tune.features))
    return CalibratedModel(model, fit_calibration(said))


def _weights(data: Dataset, params: StarterParams) -> NDArray[np.float64]:
    """Every pose counts the same; "other" counts ``other_weight`` times as much as a pose."""
    is_other = data.codes == data.labels.index(OTHER)
    return balanced_weights(data.codes) * np.where(is_other, params.other_weight, 1.0)


def _dataset(samples: LandmarkSamples, labels: tuple[str, ...], spec: FeatureSpec) -> Dataset:
    """The samples as a table for the learning code; each performer and shot is a recording."""
    codes = {label: code for code, label in enumerate(labels)}
    return Dataset(
        columns=spec.columns,
        labels=labels,
        features=spec.compute(samples.image, samples.world, samples.width / samples.height),
        codes=np.array([codes[label] for label in samples.labels.tolist()], dtype=np.int64),
        groups=samples.groups.astype(np.str_),
        filenames=samples.groups.astype(np.str_),
        frame_numbers=np.arange(len(samples)),
        augmented=np.zeros(len(samples), dtype=bool),
    )


def _joined(tables: list[Dataset]) -> Dataset:
    """The rows of tables with the same columns and labels, in order."""
    names = ("features", "codes", "groups", "filenames", "frame_numbers", "augmented")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in tables]) for name in names
    }
    return replace(tables[0], **columns)


def _provenance(
    generated: LandmarkSamples,
    detected: DetectedFrames,
    params: StarterParams,
    settings: FitSettings,
) -> dict[str, Any]:
    """How the model was made. It contains no time, so the same seed gives the same file."""
    return {
        "name": "starter",
        "material": "generated by training.synthetic; no recording of a person",
        "assumptions": {
            "nutcracker": "no public definition found; taken as a two-arm inverted deep pike",
            "reverse meathook": "no public definition found; taken as a one-arm hang with the hips "
            "turned away from the hanging arm",
        },
        "seed": params.seed,
        "generated_samples": len(generated),
        "rendered_frames": detected.rendered,
        "detection_rate": round(detected.detection_rate, 4),
        "mirror_images": True,
        "model": "xgboost",
        "rounds": settings.hyperparameters[ROUNDS],
        "parameters": params.xgboost.model_dump(),
        "rendered_weight": params.rendered_weight,
        "other_weight": params.other_weight,
        "pose_model_sha256": model_asset.SHA256["pruned"],
        "versions": package_versions(),
    }
