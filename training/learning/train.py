"""From ``final_features.csv`` to a registered model: tuning, judging, training, all tracked.

The runs in MLflow are nested: the whole training; in it the search for hyperparameters with a run
per trial, a cross-validation over all recordings, the model without the recordings kept back, and
the one trained on everything.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from shared_features.params import SharedParams
from training.data.split_table import SPLIT_FILE
from training.data.splits import grouped_folds, save_split
from training.errors import DatasetError
from training.learning.estimators.fitting import FitSettings, fit_model
from training.learning.estimators.models import complete
from training.learning.evaluation.evaluate import evaluate
from training.learning.evaluation.held_out import collect_held_out
from training.learning.evaluation.out_of_fold import OutOfFold, answer_out_of_fold, predictions_of
from training.learning.export.export import Parity
from training.learning.export.model_file import (
    Judgement,
    Origin,
    package_versions,
    write_model_file,
)
from training.learning.material import Material, count_labels, fit_settings, read_material
from training.learning.registry import tracking
from training.learning.registry.registry import Deployment, Registry
from training.learning.reports import records
from training.learning.reports.mistakes import worst_mistakes
from training.learning.reports.report import TrainingReport, write_report
from training.learning.search.boosting import with_best_rounds
from training.learning.search.search import Search, search_hyperparameters
from training.params import TrainingParams
from training.recordings.catalog import listed
from training.runtime.progress_bar import progress_bar

REPORT_FILE = "report.html"
OUT_OF_FOLD_FILE = "out_of_fold.npz"
_CROSS_VALIDATION_RUN = "Grouped_Cross_Validation"
_MISTAKES_SHOWN = 24
_ALL_FIGURES = "all"
_KEY_TAG = "training_key"

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Setting:
    """What every step of a training needs to know.

    Attributes:
        shared: labels, features, smoothing.
        params: how, and where everything is kept.
        material: the table.
        settings: which model.
        origin: of the model files.
        scratch: a folder that is gone at the end.
    """

    shared: SharedParams
    params: TrainingParams
    material: Material
    settings: FitSettings
    origin: Origin
    scratch: Path


def train(shared: SharedParams, params: TrainingParams, say: Say) -> TrainingReport:
    """Search, judge, train, register and report.

    Args:
        shared: labels, features, smoothing.
        params: how, and where everything is kept.
        say: called with each line for the person at the terminal.

    Raises:
        DatasetError: the table is missing, or cannot be trained on.
        TrainingError: a setting is not possible, or MLflow's store cannot be used.
        ExportError: the model file does not answer like the model.
    """
    settings, material = fit_settings(params), read_material(shared, params)
    save_split(params.data.final_features / SPLIT_FILE, material.split)
    for warning in material.warnings:
        say(f"Note: {warning}")
    _require_learnable(material, params)
    registry = Registry(params.tracking)
    tracking.close_abandoned(params.tracking)
    with (
        tempfile.TemporaryDirectory() as scratch,
        tracking.run(params.tracking.main_run, nested=False) as run_id,
    ):
        origin = Origin(run_id, datetime.now(UTC).astimezone())
        setting = _Setting(shared, params, material, settings, origin, Path(scratch))
        records.log_material(material, settings, shared, params)
        search = None
        if params.model_training.optimize_hyperparams:
            search = search_hyperparameters(material, settings, params, say)
            chosen = replace(settings, hyperparameters=search.hyperparameters)
        else:
            chosen = _with_best_rounds(material, settings, params)
        setting = replace(setting, settings=chosen)
        answers = _cross_validate(setting)
        judgement, parity, version = _retrain(setting, answers, registry)
        if params.model_training.train_prod_model:
            parity, version = _train_production(setting, judgement, registry)
        return _report(setting, search, answers, judgement, parity, version)


def _require_learnable(material: Material, params: TrainingParams) -> None:
    """Fail before hours of work where the model to be judged could not know every label."""
    data = material.data
    learned = set(data.codes[material.split.train].tolist())
    missing = [label for code, label in enumerate(data.labels) if code not in learned]
    if missing:
        raise DatasetError(
            f"Only in held-out recordings: {listed(missing)}. Change one of these recordings to "
            f"`train` in {params.data.final_features / SPLIT_FILE}, or label more of them."
        )


def trained_before(shared: SharedParams, params: TrainingParams) -> str | None:
    """The version that this very table and these very settings have given, if there is one.

    Raises:
        DatasetError: the table is missing, or cannot be trained on.
        TrainingError: a setting is not possible, or MLflow's store cannot be used.
    """
    key = _training_key(read_material(shared, params), shared, params)
    for version in Registry(params.tracking).versions():
        if version.tags.get(_KEY_TAG) == key:
            return str(version.version)
    return None


def _training_key(material: Material, shared: SharedParams, params: TrainingParams) -> str:
    """Changes with everything that a trained model depends on."""
    facts = {
        "table": material.sha256,
        "split": dict(material.split.by_group),
        "features": material.spec.hash,
        "timeline": shared.timeline.model_dump(),
        "labels": shared.labels.model_dump(),
        "training": params.model_training.model_dump(),
        "versions": package_versions(),
    }
    content = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def _with_best_rounds(
    material: Material, settings: FitSettings, params: TrainingParams
) -> FitSettings:
    """How many rounds boosted trees take, found without the recordings kept back."""
    how = params.model_training
    data = material.data.rows(material.split.train)
    folds = grouped_folds(data, how.folds, how.seed)
    return with_best_rounds(data, folds, settings, how.score_metric)


def _cross_validate(setting: _Setting) -> OutOfFold:
    """Answers to every frame by models that have not seen its recording."""
    how, material = setting.params.model_training, setting.material
    folds = grouped_folds(material.data, how.folds, how.seed)
    with (
        tracking.run(_CROSS_VALIDATION_RUN),
        progress_bar("Cross-validation", len(folds)) as advance,
    ):
        answers = answer_out_of_fold(
            material.data, folds, setting.settings, material.sha256, advance
        )
        folder = setting.scratch / _ALL_FIGURES
        records.log_evaluation(evaluate(answers.predictions), answers.predictions, folder)
        records.log_folds(answers.per_fold())
    return answers


def _retrain(
    setting: _Setting, answers: OutOfFold, registry: Registry
) -> tuple[Judgement, Parity, str | None]:
    """The model without the recordings kept back, judged by these; registered if it is the last."""
    material, split = setting.material, setting.material.split
    learned_from, kept_back = material.data.rows(split.train), material.data.rows(split.held_out)
    deployment = _deployment(setting)
    with tracking.run(setting.params.tracking.retrain_run):
        records.log_settings(setting.settings)
        with progress_bar("Training without the recordings kept back", 1) as advance:
            model = fit_model(learned_from, setting.settings)
            advance(1)
        predictions = predictions_of(kept_back, model.predict_proba(kept_back.features))
        judgement = Judgement(
            evaluate(predictions),
            evaluate(answers.predictions),
            tuple(evaluation.f1_macro for evaluation in answers.per_fold()),
        )
        records.log_evaluation(judgement.held_out, predictions, setting.scratch / "held_out")
        records.log_importances(model, kept_back, setting.settings.seed, setting.scratch)
        parity = _export(model, learned_from, setting, judgement, deployment.development)
        collect_held_out(kept_back, setting.params.data.landmarks).save(deployment.held_out)
        groups = sorted(set(learned_from.groups.tolist()))
        deployment.learned_from.write_text(json.dumps(groups), encoding="utf-8")
        if setting.params.model_training.train_prod_model:
            return judgement, parity, None
        deployment.model.write_bytes(deployment.development.read_bytes())
        return judgement, parity, _register(registry, setting, judgement, parity)


def _train_production(
    setting: _Setting, judgement: Judgement, registry: Registry
) -> tuple[Parity, str]:
    """The model that has learned from everything, registered."""
    data, deployment = setting.material.data, _deployment(setting)
    with tracking.run(setting.params.tracking.production_run):
        records.log_settings(setting.settings)
        with progress_bar("Training on everything", 1) as advance:
            model = fit_model(data, setting.settings)
            advance(1)
        parity = _export(model, data, setting, judgement, deployment.model)
        return parity, _register(registry, setting, judgement, parity)


def _export(
    model: Any, learned_from: Any, setting: _Setting, judgement: Judgement, path: Path
) -> Parity:
    parity = write_model_file(
        model,
        learned_from,
        setting.material,
        setting.settings,
        judgement,
        setting.origin,
        setting.shared,
        path,
    )
    records.log_parity(parity)
    return parity


def _register(registry: Registry, setting: _Setting, judgement: Judgement, parity: Parity) -> str:
    return registry.register(
        _deployment(setting),
        {
            "model": setting.settings.model,
            "held_out_f1_macro": f"{judgement.held_out.f1_macro:.4f}",
            "cross_validation_f1_macro": f"{judgement.cross_validation.f1_macro:.4f}",
            "features_version": setting.material.spec.version,
            "features_hash": setting.material.spec.hash,
            "parity_rows": parity.rows,
            "parity_max_difference": f"{parity.max_difference:.1e}",
            "main_run": setting.origin.run_id,
            _KEY_TAG: _training_key(setting.material, setting.shared, setting.params),
        },
    )


def _report(
    setting: _Setting,
    search: Search | None,
    answers: OutOfFold,
    judgement: Judgement,
    parity: Parity,
    version: str | None,
) -> TrainingReport:
    """Write the report page and what later stages read; all of it is logged, too."""
    data, results = setting.material.data, setting.params.data.results
    figures = {path.stem: path for path in sorted((setting.scratch / _ALL_FIGURES).glob("*.png"))}
    figures |= {path.stem: path for path in setting.scratch.glob("feature_importances.png")}
    report = TrainingReport(
        created=setting.origin.created.strftime("%Y-%m-%d %H:%M"),
        run_id=setting.origin.run_id,
        version=version,
        model=setting.settings.model,
        hyperparameters=complete(setting.settings.model, setting.settings.hyperparameters),
        search=None if search is None else search.summary,
        frames=int((~data.augmented).sum()),
        augmented_frames=int(data.augmented.sum()),
        recordings=len(np.unique(data.filenames)),
        columns=len(data.columns),
        balance=count_labels(setting.material, setting.settings),
        warnings=setting.material.warnings,
        judgement=judgement,
        held_out_groups=tuple(
            sorted(
                group
                for group, split in setting.material.split.by_group.items()
                if split == "held out"
            )
        ),
        parity=parity,
        mistakes=worst_mistakes(
            answers.predictions, _MISTAKES_SHOWN, setting.params.data, setting.shared.media
        ),
        figures=figures,
        settings=setting.params.model_training.model_dump(exclude={"hyperparameters"}),
    )
    write_report(report, results / REPORT_FILE)
    answers.save(results / OUT_OF_FOLD_FILE)
    tracking.log_files([results / REPORT_FILE, results / OUT_OF_FOLD_FILE])
    records.log_mistakes(report.mistakes, setting.scratch)
    records.log_summary(judgement)
    return report


def _deployment(setting: _Setting) -> Deployment:
    folder = setting.scratch / "deployment"
    folder.mkdir(exist_ok=True)
    return Deployment(folder)
