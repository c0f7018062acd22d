"""The starter model: learned from generated material alone.

Two kinds of samples go in: generated landmarks with a detector's errors imitated, cheap and many;
and rendered frames that went through the real MediaPipe, dear and few, which is what makes the
difference on real recordings. Scores are quoted on rendered frames of performers and shots that
training has not seen, never on imitated landmarks.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import ModelContract
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import mirror_image, mirror_world
from shared_features.params import SharedParams
from shared_features.pose import model_asset
from training.errors import TrainingError
from training.learning.export.export import Parity, export_model
from training.params import StarterParams
from training.starter.detection import DetectedFrames, concatenated
from training.synthetic.poses.table import LABELS, OTHER
from training.synthetic.samples import LANDMARKS_PER_GROUP, LandmarkSamples, landmark_groups

_VERSIONED_PACKAGES = ("mediapipe", "numpy", "onnxmltools", "scikit-learn", "xgboost")
_GROUPS_PER_TASK = 100
# Fixed, since the number of threads decides in which order numbers are added up.
_TREE_THREADS = 2

Progress = Callable[[int], None]


@dataclass(frozen=True)
class StarterReport:
    """What the build of a starter model shows.

    Attributes:
        contract: as written into the file, metrics included.
        parity: of the file with the model it came from.
        size_megabytes: of the file.
    """

    contract: ModelContract
    parity: Parity
    size_megabytes: float


def generate(params: StarterParams, progress: Progress) -> LandmarkSamples:
    """Generated landmarks with imitated detector errors, on all cores."""
    per_task = LANDMARKS_PER_GROUP * _GROUPS_PER_TASK
    n_tasks = -(-params.generated_samples // per_task)
    parts = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        tasks = [
            pool.submit(landmark_groups, params.seed, task * _GROUPS_PER_TASK, _GROUPS_PER_TASK)
            for task in range(n_tasks)
        ]
        for number, task in enumerate(tasks, start=1):
            parts.append(task.result())
            progress(number * per_task)
    return concatenated(parts)


def build_starter(
    generated: LandmarkSamples,
    detected: DetectedFrames,
    params: StarterParams,
    shared: SharedParams,
    output: Path,
) -> StarterReport:
    """Train, evaluate on held-out performers and shots, and write the model file.

    Raises:
        TrainingError: the poses of ``params.yaml`` are not those that the generator knows, or the
            file is larger than allowed.
        ExportError: the file does not answer like the model.
    """
    labels = (*shared.labels.poses, shared.labels.other)
    if set(labels) != set(LABELS) or shared.labels.other != OTHER:
        raise TrainingError(
            f"The starter model is made of generated poses {sorted(LABELS)}, but `labels` in "
            f"params.yaml names {sorted(labels)}. Train on recordings of your own for other poses."
        )
    spec = FeatureSpec(
        groups=shared.features.groups,
        spatial_margin=shared.features.spatial_margin,
        head_shoulder_margin=shared.features.head_shoulder_margin,
    )
    train, tune, test = split_by_group(detected.samples, params)
    model = _fit(generated, train, tune, labels, spec, params)
    contract = ModelContract(
        labels=labels,
        other=shared.labels.other,
        features=spec,
        timeline=shared.timeline,
        training=_provenance(generated, detected, params, model),
        metrics=_metrics(model, test, labels, spec),
    )
    parity = export_model(model, contract, _features(train, spec), output, params.seed)
    size = output.stat().st_size / 1e6
    if size > params.max_megabytes:
        raise TrainingError(
            f"{output} is {size:.1f} MB, at most {params.max_megabytes} MB are meant to be "
            "committed. Lower `training.starter.xgboost.max_rounds` or `max_depth`."
        )
    return StarterReport(contract, parity, size)


def split_by_group(
    samples: LandmarkSamples, params: StarterParams
) -> tuple[LandmarkSamples, LandmarkSamples, LandmarkSamples]:
    """Train, tune (for early stopping) and test; a performer and shot is in one of them only."""
    groups = np.random.default_rng(params.seed).permutation(np.unique(samples.groups))
    held_out = max(1, round(len(groups) * params.held_out_share))
    test = np.isin(samples.groups, groups[:held_out])
    tune = np.isin(samples.groups, groups[held_out : 2 * held_out])
    return _where(samples, ~test & ~tune), _where(samples, tune), _where(samples, test)


def _fit(
    generated: LandmarkSamples,
    train: LandmarkSamples,
    tune: LandmarkSamples,
    labels: tuple[str, ...],
    spec: FeatureSpec,
    params: StarterParams,
) -> Any:
    from xgboost import XGBClassifier

    generated, train, tune = (with_mirror_images(part) for part in (generated, train, tune))
    settings = params.xgboost.model_dump(exclude={"max_rounds", "early_stopping_rounds"}) | {
        "objective": "multi:softprob",
        "tree_method": "hist",
        "n_jobs": _TREE_THREADS,
        "random_state": params.seed,
    }
    features = np.concatenate([_features(generated, spec), _features(train, spec)])
    codes = np.concatenate([_codes(generated, labels), _codes(train, labels)])
    weights = np.concatenate(
        [
            _weights(generated, labels, params),
            _weights(train, labels, params) * params.rendered_weight,
        ]
    )
    search = XGBClassifier(
        n_estimators=params.xgboost.max_rounds,
        early_stopping_rounds=params.xgboost.early_stopping_rounds,
        **settings,
    )
    search.fit(
        features,
        codes,
        sample_weight=weights,
        eval_set=[(_features(tune, spec), _codes(tune, labels))],
        sample_weight_eval_set=[_weights(tune, labels, params)],
        verbose=False,
    )
    # A model that keeps the rounds after its best one would export them as well.
    model = XGBClassifier(n_estimators=search.best_iteration + 1, **settings)
    model.fit(features, codes, sample_weight=weights)
    return model


def _weights(
    samples: LandmarkSamples, labels: tuple[str, ...], params: StarterParams
) -> NDArray[np.float64]:
    """Every pose counts the same; "other" counts ``other_weight`` times as much as a pose."""
    codes = _codes(samples, labels)
    counts = np.bincount(codes, minlength=len(labels))
    per_label = len(codes) / (len(labels) * np.maximum(counts, 1))
    per_label[labels.index(OTHER)] *= params.other_weight
    return np.asarray(per_label[codes])


def _metrics(
    model: Any, test: LandmarkSamples, labels: tuple[str, ...], spec: FeatureSpec
) -> dict[str, Any]:
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    truth, found = _codes(test, labels), model.predict(_features(test, spec))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, found, labels=range(len(labels)), zero_division=0.0
    )
    return {
        "measured_on": "rendered frames through MediaPipe, performers and shots unseen in training",
        "frames": len(test),
        "accuracy": round(float((truth == found).mean()), 4),
        "macro_f1": round(float(f1.mean()), 4),
        "per_label": {
            label: {
                "precision": round(float(precision[i]), 4),
                "recall": round(float(recall[i]), 4),
                "f1": round(float(f1[i]), 4),
                "frames": int(support[i]),
            }
            for i, label in enumerate(labels)
        },
        "confusion": confusion_matrix(truth, found, labels=range(len(labels))).tolist(),
    }


def _provenance(
    generated: LandmarkSamples, detected: DetectedFrames, params: StarterParams, model: Any
) -> dict[str, Any]:
    """How the model came about. No clock in it: the same seed gives the same file."""
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
        "rounds": model.get_booster().num_boosted_rounds(),
        "parameters": params.xgboost.model_dump(),
        "rendered_weight": params.rendered_weight,
        "other_weight": params.other_weight,
        "pose_model_sha256": model_asset.SHA256["pruned"],
        "versions": {package: version(package) for package in _VERSIONED_PACKAGES},
    }


def _where(samples: LandmarkSamples, chosen: NDArray[np.bool_]) -> LandmarkSamples:
    return LandmarkSamples(
        samples.image[chosen],
        samples.world[chosen],
        samples.width[chosen],
        samples.height[chosen],
        samples.labels[chosen],
        samples.groups[chosen],
    )


def with_mirror_images(samples: LandmarkSamples) -> LandmarkSamples:
    """Every sample and its mirror image, which stays in the sample's group."""
    mirrored = LandmarkSamples(
        mirror_image(samples.image),
        mirror_world(samples.world),
        samples.width,
        samples.height,
        samples.labels,
        samples.groups,
    )
    return concatenated([samples, mirrored])


def _features(samples: LandmarkSamples, spec: FeatureSpec) -> NDArray[np.float32]:
    return spec.compute(samples.image, samples.world, samples.width / samples.height)


def _codes(samples: LandmarkSamples, labels: tuple[str, ...]) -> NDArray[np.int64]:
    return np.array([labels.index(label) for label in samples.labels], dtype=np.int64)
