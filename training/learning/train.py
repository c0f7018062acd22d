"""From the labelled table to a registered model: search, evaluation and training, all tracked.

The MLflow runs are nested. The run of the whole training contains the hyperparameter search with
one run per trial, a cross-validation over all recordings, the model trained without the held-out
recordings, and the model trained on everything.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import PoseClassifier
from shared_features.params import SharedParams
from training.data.dataset import Dataset
from training.data.split_table import SPLIT_FILE
from training.data.splits import Fold, grouped_folds, save_split
from training.data.thinning import kept_rows
from training.data.training_data import TrainingData
from training.errors import DatasetError
from training.learning.estimators.fitting import FitSettings, fit_model, fit_settings
from training.learning.estimators.models import complete, model_kind
from training.learning.evaluation.calibrated import calibration_of, cross_calibrated
from training.learning.evaluation.calibration import CalibratedModel, Calibration
from training.learning.evaluation.fold_notes import fold_notes
from training.learning.evaluation.held_out import collect_held_out
from training.learning.evaluation.out_of_fold import OutOfFold, predict_out_of_fold
from training.learning.evaluation.predictions import Predictions
from training.learning.evaluation.served import served
from training.learning.evaluation.summary import Evaluations, evaluate
from training.learning.export.model_file import Origin, write_model_file
from training.learning.export.parity import Parity
from training.learning.registry import tracking
from training.learning.registry.model_registry import Deployment, Registry
from training.learning.reports import run_records
from training.learning.reports.label_balance import count_labels
from training.learning.reports.mistakes import worst_mistakes
from training.learning.reports.training_report import TrainingReport, write_report
from training.learning.search.boosting import ROUNDS, with_best_rounds
from training.learning.search.tracked_search import SearchOutcome, search_hyperparameters
from training.learning.training_key import KEY_TAG, training_key
from training.params import TrainingParams
from training.recordings.catalog import listed
from training.runtime.progress_bar import ReportProgress, progress_bar
from training.words import counted

REPORT_FILE = "report.html"
OUT_OF_FOLD_FILE = "out_of_fold.npz"
_CROSS_VALIDATION_RUN = "Grouped_Cross_Validation"
_MISTAKES_SHOWN = 24
_CROSS_VALIDATION_FIGURES = "all"
# Rounds of boosted trees where no second recording can tell how many are best.
_ROUNDS_UNTESTED = 60
# With more rows, one fold tells the number of rounds as well as all of them.
_ROWS_FOR_ONE_FOLD = 20_000

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
        kept: ``(n,)`` rows that may be learned from; others are copies of their neighbours.
        times_s: Durations of the stages so far, by title.
    """

    shared: SharedParams
    params: TrainingParams
    training_data: TrainingData
    settings: FitSettings
    origin: Origin
    scratch: Path
    kept: NDArray[np.bool_]
    times_s: dict[str, float]

    @property
    def learned_from(self) -> Dataset:
        """The rows that are not held out, thinned."""
        train = self.training_data.split.train
        return self.training_data.dataset.rows(train[self.kept[train]])

    @contextmanager
    def stage(self, title: str, total: int) -> Iterator[ReportProgress]:
        """Show the progress of a stage, and note how long it takes."""
        started = time.monotonic()
        with progress_bar(title, total) as advance:
            yield advance
        self.times_s[title] = time.monotonic() - started

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
    with (
        tempfile.TemporaryDirectory() as scratch,
        tracking.run(_run_name(params), nested=False) as run_id,
    ):
        origin = Origin(run_id, datetime.now(UTC).astimezone())
        kept = kept_rows(training_data.dataset, params.model_training.max_training_rows)
        training = _Training(
            shared, params, training_data, settings, origin, Path(scratch), kept, {}
        )
        thinned = _thinning_note(kept)
        if thinned:
            say(f"Note: {thinned}")
        run_records.log_training_data(training_data, settings, shared, params)
        search, found = None, None
        if params.model_training.optimize_hyperparams:
            search = search_hyperparameters(
                training_data, training.learned_from, settings, params, say
            )
            settings = replace(settings, hyperparameters=search.hyperparameters)
        else:
            settings, found = _with_best_rounds(training)
        training = replace(training, settings=settings)
        out_of_fold, calibration = _cross_validate(training)
        if found is None:
            found = _predict_learned_rows(training)
        evaluations, parity, version = _retrain(training, out_of_fold, found, registry)
        if params.model_training.train_prod_model:
            parity, version = _train_production(training, calibration, evaluations, registry)
        for note in fold_notes(out_of_fold, evaluations.per_fold):
            say(f"Note: {note}")
        return _report(training, search, out_of_fold, evaluations, parity, version)


def _run_name(params: TrainingParams) -> str:
    """The name of the outermost run, by which a list of them can be told apart."""
    how = params.model_training
    searched = f", {counted(how.num_trials, 'trial')}" if how.optimize_hyperparams else ""
    return f"{params.tracking.main_run} {datetime.now():%Y-%m-%d %H:%M} {how.model}{searched}"


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


def _thinning_note(kept: NDArray[np.bool_]) -> str:
    """What is learned from, if it is not everything."""
    if kept.all():
        return ""
    return (
        f"Learning from {int(kept.sum()):,} of {len(kept):,} rows, every k-th frame of each video, "
        "since neighbours are nearly copies (model_training.max_training_rows). Scores are of all "
        "rows."
    )


def _with_best_rounds(training: _Training) -> tuple[FitSettings, OutOfFold | None]:
    """Choose the number of rounds of boosted trees without looking at the held-out recordings.

    Also returns the predictions on which it was chosen, if there are any.
    """
    data, settings = training.learned_from, training.settings
    folds = _folds_if_possible(data, training.params)
    if not folds:
        if not model_kind(settings.model).boosted:
            return settings, None
        # One recording cannot tell how many rounds are good for another one.
        rounds = {ROUNDS: _ROUNDS_UNTESTED}
        return replace(settings, hyperparameters={**rounds, **settings.hyperparameters}), None
    if len(data) > _ROWS_FOR_ONE_FOLD:
        folds = folds[:1]
    if model_kind(settings.model).boosted and ROUNDS not in settings.hyperparameters:
        most_rounds = int(complete(settings.model, settings.hyperparameters)[ROUNDS])
        with training.stage("Finding the number of rounds", most_rounds) as advance:
            settings, curve = with_best_rounds(data, folds, settings, advance)
    else:
        curve = None
    if curve is None:
        return settings, None
    rows = np.concatenate([fold.test for fold in folds])
    numbers = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    predictions = Predictions.of(data.rows(rows), curve.probabilities)
    return settings, OutOfFold(predictions, numbers, training.training_data.sha256)


def _folds_if_possible(data: Dataset, params: TrainingParams) -> list[Fold]:
    """The folds of a cross-validation; none if there is only one recording or one label."""
    how = params.model_training
    try:
        return grouped_folds(data, how.folds, how.seed)
    except DatasetError:
        return []


def _cross_validate(training: _Training) -> tuple[OutOfFold, Calibration]:
    """Predict every frame with a model that has not seen its recording.

    Returns the predictions, each corrected by what the other folds say, and the correction for a
    model trained on everything.
    """
    how, data = training.params.model_training, training.training_data.dataset
    folds = [
        Fold(fold.train[training.kept[fold.train]], fold.test)
        for fold in grouped_folds(data, how.folds, how.seed)
    ]
    with (
        tracking.run(_CROSS_VALIDATION_RUN),
        training.stage("Cross-validation", len(folds)) as advance,
    ):
        found = predict_out_of_fold(
            data, folds, training.settings, training.training_data.sha256, advance
        )
        corrected = cross_calibrated(found)
        folder = training.scratch / _CROSS_VALIDATION_FIGURES
        run_records.log_evaluation(corrected.evaluation(), corrected.predictions, folder)
        run_records.log_folds(corrected.per_fold())
    return corrected, calibration_of(found)


def _predict_learned_rows(training: _Training) -> OutOfFold | None:
    """Out-of-fold predictions among the rows that are not held out; None if there are no folds."""
    data = training.learned_from
    folds = _folds_if_possible(data, training.params)
    if not folds:
        return None
    with training.stage("Calibration", len(folds)) as advance:
        return predict_out_of_fold(
            data, folds, training.settings, training.training_data.sha256, advance
        )


def _retrain(
    training: _Training, out_of_fold: OutOfFold, found: OutOfFold | None, registry: Registry
) -> tuple[Evaluations, Parity, str | None]:
    """Train without the held-out recordings and evaluate on them; register if no other follows.

    Args:
        training: What all steps share.
        out_of_fold: Predictions for all recordings.
        found: Predictions for the recordings that are not held out, by models that have not seen
            the held-out ones either; None: the model is not calibrated.
        registry: Where it is registered.
    """
    split, dataset = training.training_data.split, training.training_data.dataset
    learned_from, held_out = training.learned_from, dataset.rows(split.held_out)
    deployment = training.deployment
    with tracking.run(training.params.tracking.retrain_run):
        run_records.log_settings(training.settings)
        with training.stage("Training without the held-out recordings", 1) as advance:
            estimator = fit_model(learned_from, training.settings)
            advance(1)
        model = estimator if found is None else CalibratedModel(estimator, calibration_of(found))
        predictions = Predictions.of(held_out, model.predict_proba(held_out.features))
        evaluations = Evaluations(
            evaluate(predictions),
            out_of_fold.evaluation(),
            tuple(evaluation.f1_macro for evaluation in out_of_fold.per_fold()),
        )
        figures = training.scratch / "held_out"
        run_records.log_evaluation(evaluations.held_out, predictions, figures)
        run_records.log_importances(estimator, held_out, training.settings.seed, training.scratch)
        parity = _export(model, learned_from, training, evaluations, deployment.development)
        collected = collect_held_out(held_out, training.params.data.landmarks)
        collected.save(deployment.held_out)
        as_served = served(collected, PoseClassifier(deployment.development))
        evaluations = replace(evaluations, served=as_served)
        run_records.log_served(as_served)
        groups = sorted(set(learned_from.groups.tolist()))
        deployment.learned_from.write_text(json.dumps(groups), encoding="utf-8")
        if training.params.model_training.train_prod_model:
            return evaluations, parity, None
        deployment.model.write_bytes(deployment.development.read_bytes())
        return evaluations, parity, _register(registry, training, evaluations, parity)


def _train_production(
    training: _Training, calibration: Calibration, evaluations: Evaluations, registry: Registry
) -> tuple[Parity, str]:
    """Train on everything, and register the model."""
    data = training.training_data.dataset.rows(training.kept)
    with tracking.run(training.params.tracking.production_run):
        run_records.log_settings(training.settings)
        with training.stage("Training on everything", 1) as advance:
            model = CalibratedModel(fit_model(data, training.settings), calibration)
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
        _described(training, evaluations),
    )


def _described(training: _Training, evaluations: Evaluations) -> str:
    """What the version is, for the person who looks at it in MLflow."""
    data = training.training_data.dataset
    when_served = "" if evaluations.served is None else f" When served: {evaluations.served}."
    return (
        f"{training.settings.model}, trained on {counted(data.n_recordings, 'recording')} "
        f"({counted(int((~data.augmented).sum()), 'frame')}). Macro F1 "
        f"{evaluations.held_out.f1_macro:.3f} on held-out recordings, "
        f"{evaluations.cross_validation.f1_macro:.3f} in cross-validation.{when_served}"
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
        recordings=data.n_recordings,
        columns=len(data.columns),
        balance=count_labels(training.training_data, training.settings),
        warnings=(
            *training.training_data.warnings,
            *filter(None, [_thinning_note(training.kept)]),
            *fold_notes(out_of_fold, evaluations.per_fold),
        ),
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
        times_s=training.times_s,
    )
    write_report(report, results / REPORT_FILE)
    out_of_fold.save(results / OUT_OF_FOLD_FILE)
    tracking.log_files([results / REPORT_FILE, results / OUT_OF_FOLD_FILE])
    run_records.log_mistakes(report.mistakes, training.scratch)
    run_records.log_summary(evaluations)
    return report
