"""From the labelled table to a registered model: search, evaluation and training, all tracked.

The MLflow runs are nested. The run of the whole training contains the hyperparameter search with
one run per trial, a cross-validation over all recordings, the model trained without the held-out
recordings, and the model trained on everything.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from shared_features.params import SharedParams
from training.data.dataset import Dataset
from training.data.split_table import SPLIT_FILE
from training.data.splits import grouped_folds, save_split
from training.data.training_data import TrainingData
from training.errors import DatasetError
from training.learning.estimators.fitting import FitSettings, fit_model, fit_settings
from training.learning.estimators.models import complete
from training.learning.evaluation.held_out import collect_held_out
from training.learning.evaluation.out_of_fold import OutOfFold, predict_out_of_fold
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.summary import Evaluations, evaluate
from training.learning.export.model_file import Origin, write_model_file
from training.learning.export.parity import Parity
from training.learning.registry import tracking
from training.learning.registry.model_registry import Deployment, Registry
from training.learning.reports import run_records
from training.learning.reports.label_balance import count_labels
from training.learning.reports.mistakes import worst_mistakes
from training.learning.reports.training_report import TrainingReport, write_report
from training.learning.search.boosting import with_best_rounds
from training.learning.search.tracked_search import SearchOutcome, search_hyperparameters
from training.learning.training_key import KEY_TAG, training_key
from training.params import TrainingParams
from training.recordings.catalog import listed
from training.runtime.progress_bar import progress_bar

REPORT_FILE = "report.html"
OUT_OF_FOLD_FILE = "out_of_fold.npz"
_CROSS_VALIDATION_RUN = "Grouped_Cross_Validation"
_MISTAKES_SHOWN = 24
_CROSS_VALIDATION_FIGURES = "all"

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Training:
    """Everything that the steps of a training share.

    Attributes:
        shared: Labels, features and smoothing.
        params: How to train, and where results go.
        training_data: The table and its split.
        settings: Which model, and how it is fitted.
        origin: Run and time, for the model files.
        scratch: A temporary folder that is deleted at the end.
    """

    shared: SharedParams
    params: TrainingParams
    training_data: TrainingData
    settings: FitSettings
    origin: Origin
    scratch: Path

    @property
    def deployment(self) -> Deployment:
        """The files that will be registered."""
        folder = self.scratch / "deployment"
        folder.mkdir(exist_ok=True)
        return Deployment(folder)


def train(
    training_data: TrainingData, shared: SharedParams, params: TrainingParams, say: Say
) -> TrainingReport:
    """Save the split, then search, evaluate, train, register and report.

    Args:
        training_data: The table and its split.
        shared: Labels, features and smoothing.
        params: How to train, and where results go.
        say: Called with each line for the person at the terminal.

    Raises:
        DatasetError: The table cannot be trained on.
        TrainingError: A setting is impossible, or MLflow's store cannot be used.
        ExportError: The model file does not reproduce the model's predictions.
    """
    settings = fit_settings(params)
    save_split(params.data.final_features / SPLIT_FILE, training_data.split)
    for warning in training_data.warnings:
        say(f"Note: {warning}")
    _require_learnable(training_data, params)
    registry = Registry(params.tracking)
    tracking.close_abandoned(params.tracking)
    with (
        tempfile.TemporaryDirectory() as scratch,
        tracking.run(params.tracking.main_run, nested=False) as run_id,
    ):
        origin = Origin(run_id, datetime.now(UTC).astimezone())
        training = _Training(shared, params, training_data, settings, origin, Path(scratch))
        run_records.log_training_data(training_data, settings, shared, params)
        search = None
        if params.model_training.optimize_hyperparams:
            search = search_hyperparameters(training_data, settings, params, say)
            settings = replace(settings, hyperparameters=search.hyperparameters)
        else:
            settings = _with_best_rounds(training_data, settings, params)
        training = replace(training, settings=settings)
        out_of_fold = _cross_validate(training)
        evaluations, parity, version = _retrain(training, out_of_fold, registry)
        if params.model_training.train_prod_model:
            parity, version = _train_production(training, evaluations, registry)
        return _report(training, search, out_of_fold, evaluations, parity, version)


def _require_learnable(training_data: TrainingData, params: TrainingParams) -> None:
    """Fail before hours of work if the model to be evaluated could not learn every label."""
    data = training_data.dataset
    learned = set(data.codes[training_data.split.train].tolist())
    missing = [label for code, label in enumerate(data.labels) if code not in learned]
    if missing:
        raise DatasetError(
            f"Only in held-out recordings: {listed(missing)}. Change one of these recordings to "
            f"`train` in {params.data.final_features / SPLIT_FILE}, or label more of them."
        )


def _with_best_rounds(
    training_data: TrainingData, settings: FitSettings, params: TrainingParams
) -> FitSettings:
    """Choose the number of rounds of boosted trees without looking at the held-out recordings."""
    how = params.model_training
    data = training_data.dataset.rows(training_data.split.train)
    folds = grouped_folds(data, how.folds, how.seed)
    return with_best_rounds(data, folds, settings, how.score_metric)


def _cross_validate(training: _Training) -> OutOfFold:
    """Predict every frame with a model that has not seen its recording."""
    how, data = training.params.model_training, training.training_data.dataset
    folds = grouped_folds(data, how.folds, how.seed)
    with (
        tracking.run(_CROSS_VALIDATION_RUN),
        progress_bar("Cross-validation", len(folds)) as advance,
    ):
        out_of_fold = predict_out_of_fold(
            data, folds, training.settings, training.training_data.sha256, advance
        )
        predictions = out_of_fold.predictions
        folder = training.scratch / _CROSS_VALIDATION_FIGURES
        run_records.log_evaluation(evaluate(predictions), predictions, folder)
        run_records.log_folds(out_of_fold.per_fold())
    return out_of_fold


def _retrain(
    training: _Training, out_of_fold: OutOfFold, registry: Registry
) -> tuple[Evaluations, Parity, str | None]:
    """Train without the held-out recordings and evaluate on them; register if no other follows."""
    split, dataset = training.training_data.split, training.training_data.dataset
    learned_from, held_out = dataset.rows(split.train), dataset.rows(split.held_out)
    deployment = training.deployment
    with tracking.run(training.params.tracking.retrain_run):
        run_records.log_settings(training.settings)
        with progress_bar("Training without the held-out recordings", 1) as advance:
            model = fit_model(learned_from, training.settings)
            advance(1)
        predictions = Predictions.of(held_out, model.predict_proba(held_out.features))
        evaluations = Evaluations(
            evaluate(predictions),
            evaluate(out_of_fold.predictions),
            tuple(evaluation.f1_macro for evaluation in out_of_fold.per_fold()),
        )
        figures = training.scratch / "held_out"
        run_records.log_evaluation(evaluations.held_out, predictions, figures)
        run_records.log_importances(model, held_out, training.settings.seed, training.scratch)
        parity = _export(model, learned_from, training, evaluations, deployment.development)
        collect_held_out(held_out, training.params.data.landmarks).save(deployment.held_out)
        groups = sorted(set(learned_from.groups.tolist()))
        deployment.learned_from.write_text(json.dumps(groups), encoding="utf-8")
        if training.params.model_training.train_prod_model:
            return evaluations, parity, None
        deployment.model.write_bytes(deployment.development.read_bytes())
        return evaluations, parity, _register(registry, training, evaluations, parity)


def _train_production(
    training: _Training, evaluations: Evaluations, registry: Registry
) -> tuple[Parity, str]:
    """Train on everything, and register the model."""
    data = training.training_data.dataset
    with tracking.run(training.params.tracking.production_run):
        run_records.log_settings(training.settings)
        with progress_bar("Training on everything", 1) as advance:
            model = fit_model(data, training.settings)
            advance(1)
        parity = _export(model, data, training, evaluations, training.deployment.model)
        return parity, _register(registry, training, evaluations, parity)


def _export(
    model: Any, learned_from: Dataset, training: _Training, evaluations: Evaluations, path: Path
) -> Parity:
    parity = write_model_file(
        model,
        learned_from,
        training.training_data,
        training.settings,
        evaluations,
        training.origin,
        training.shared,
        path,
    )
    run_records.log_parity(parity)
    return parity


def _register(
    registry: Registry, training: _Training, evaluations: Evaluations, parity: Parity
) -> str:
    return registry.register(
        training.deployment,
        {
            "model": training.settings.model,
            "held_out_f1_macro": f"{evaluations.held_out.f1_macro:.4f}",
            "cross_validation_f1_macro": f"{evaluations.cross_validation.f1_macro:.4f}",
            "features_version": training.training_data.spec.version,
            "features_hash": training.training_data.spec.hash,
            "parity_rows": parity.rows,
            "parity_max_difference": f"{parity.max_difference:.1e}",
            "main_run": training.origin.run_id,
            KEY_TAG: training_key(training.training_data, training.shared, training.params),
        },
    )


def _report(
    training: _Training,
    search: SearchOutcome | None,
    out_of_fold: OutOfFold,
    evaluations: Evaluations,
    parity: Parity,
    version: str | None,
) -> TrainingReport:
    """Write the report and the files that later stages read, and log them."""
    data, results = training.training_data.dataset, training.params.data.results
    by_group = training.training_data.split.by_group
    figures = [
        *sorted((training.scratch / _CROSS_VALIDATION_FIGURES).glob("*.png")),
        *training.scratch.glob("feature_importances.png"),
    ]
    report = TrainingReport(
        created=training.origin.created.strftime("%Y-%m-%d %H:%M"),
        run_id=training.origin.run_id,
        version=version,
        model=training.settings.model,
        hyperparameters=complete(training.settings.model, training.settings.hyperparameters),
        search=None if search is None else search.summary,
        frames=int((~data.augmented).sum()),
        augmented_frames=int(data.augmented.sum()),
        recordings=len(np.unique(data.filenames)),
        columns=len(data.columns),
        balance=count_labels(training.training_data, training.settings),
        warnings=training.training_data.warnings,
        evaluations=evaluations,
        held_out_groups=tuple(
            sorted(group for group, split in by_group.items() if split == "held out")
        ),
        parity=parity,
        mistakes=worst_mistakes(
            out_of_fold.predictions, _MISTAKES_SHOWN, training.params.data, training.shared.media
        ),
        figures={path.stem: path for path in figures},
        settings=training.params.model_training.model_dump(exclude={"hyperparameters"}),
    )
    write_report(report, results / REPORT_FILE)
    out_of_fold.save(results / OUT_OF_FOLD_FILE)
    tracking.log_files([results / REPORT_FILE, results / OUT_OF_FOLD_FILE])
    run_records.log_mistakes(report.mistakes, training.scratch)
    run_records.log_summary(evaluations)
    return report
