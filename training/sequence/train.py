"""From labelled clips to a registered sequence model: the grid, its evaluation and the export.

The MLflow runs are nested: the run of the whole training contains one for each cell of the grid.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np

from shared_features.classify.sequence_model import SequenceModel
from shared_features.sequence.contract import SequenceContract
from training.errors import DatasetError
from training.learning.export.parity import Parity
from training.learning.registry import tracking
from training.learning.registry.model_registry import Deployment, Registry
from training.learning.reports.plots import confusion_figure, save_figures
from training.params import TrainingParams
from training.recordings.catalog import listed
from training.runtime.progress_bar import progress_bar
from training.runtime.workers import Workers
from training.sequence.data.clips import LabelledClips
from training.sequence.data.reading import ClipTable
from training.sequence.data.splits import ClipSplit, split_clips
from training.sequence.evaluation import SequenceEvaluation, evaluate
from training.sequence.figures import grid_figure, learning_curve_figure, predicted_figure
from training.sequence.fitting.cell import Cell, CellResult, fitted_model
from training.sequence.fitting.grid import chosen, prepare_grid, train_grid
from training.sequence.gate import MODEL_FILE, sequence_tracking
from training.sequence.networks.model_file import (
    contract_scores,
    export_sequence_model,
    package_versions,
)
from training.sequence.preprocessing.pipeline import Preprocessing, sequence_spec
from training.sequence.preprocessing.samples import Samples
from training.sequence.report import SequenceReport, write_sequence_report
from training.sequence_params import SequenceParams
from training.words import counted

MAIN_RUN = "Sequence_Training"
REPORT_FILE = "sequence_report.html"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """Clips as models take them.

    Attributes:
        split: Which clip is in which part.
        preprocessing: The fitted steps.
        train: Samples to learn from, augmented.
        validation: Samples to decide by.
        test: Held-out samples.
    """

    split: ClipSplit
    preprocessing: Preprocessing
    train: Samples
    validation: Samples
    test: Samples


def prepare(data: LabelledClips, params: SequenceParams) -> Prepared:
    """Split the clips by group, and take them through the steps.

    Raises:
        DatasetError: They cannot be split, or a label is in no clip to learn from.
    """
    split = split_clips(data, params.validation_share, params.test_share, params.seed)
    preprocessing = Preprocessing(params.preprocessing, sequence_spec(params), params.seed)
    train = preprocessing.fit(data.rows(split.train))
    validation, test = (
        preprocessing.transform(data.rows(rows)) for rows in (split.validation, split.test)
    )
    for samples, rows in ((validation, split.validation), (test, split.test)):
        if samples.kind == "labels" and (samples.targets < 0).any():
            unknown = sorted(set(data.targets[rows][samples.targets < 0].tolist()))
            raise DatasetError(
                f"No clip to learn from has the label {listed(unknown)}. Each label needs clips of "
                "at least three independent recordings; merge it with another under "
                "`preprocessing.classes`, or add recordings."
            )
    return Prepared(split, preprocessing, train, validation, test)


def train_sequences(
    table: ClipTable, training: TrainingParams, workers: Workers, say: Say, source: str
) -> SequenceReport:
    """Train the grid, evaluate each model once on the held-out clips, export and register.

    Args:
        table: The clips.
        training: All settings of training.
        workers: Where the grid runs.
        say: Called with each line for the person at the terminal.
        source: Where the clips come from, for the model's description of itself.

    Raises:
        DatasetError: The clips cannot be trained on.
        TrainingError: A training failed, or MLflow's store cannot be used.
        ExportError: The model file does not reproduce the model.
    """
    params = training.sequence
    for note in table.notes:
        say(f"Note: {note}")
    prepared = prepare(table.clips, params)
    tracked = sequence_tracking(training)
    registry = Registry(tracked, MODEL_FILE)
    with (
        tempfile.TemporaryDirectory() as scratch,
        tracking.run(MAIN_RUN, nested=False) as run_id,
    ):
        folder = Path(scratch)
        _log_data(prepared, table, params)
        cells = prepare_grid(prepared.train, prepared.validation, params)
        results = _trained(cells, workers, folder)
        best = chosen(results)
        evaluations = {
            cell: evaluate(
                prepared.test, fitted_model(cell, prepared.train).outputs(prepared.test.arrays())
            )
            for cell in _best_of_each_model(results)
        }
        deployment = Deployment(folder / "deployment", MODEL_FILE)
        parity = _export(best, prepared, evaluations[best], deployment, params, run_id, source)
        # What is reported and registered is what the file itself says, not the model in memory.
        outputs = SequenceModel(deployment.model).outputs(prepared.test.arrays())
        figures = _figures(best, results, prepared, outputs, evaluations[best])
        paths = save_figures(figures, folder / "figures")
        _keep_held_out(table.clips, prepared.split, deployment)
        version = _register(registry, deployment, best, evaluations[best], parity)
        mlflow.log_metrics(
            {f"held_out_{k}": v for k, v in contract_scores(evaluations[best].scores).items()}
        )
        tracking.log_files(paths, "figures")
        report = SequenceReport(
            created=datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M"),
            run_id=run_id,
            version=version,
            task=table.clips.task,
            chosen=best.name,
            cells={cell.name: result for cell, result in results.items()},
            evaluations={cell.name: found for cell, found in evaluations.items()},
            parts={name: len(rows) for name, rows in vars(prepared.split).items()},
            raters=() if table.raters is None else tuple(table.raters.lines()),
            notes=table.notes,
            parity=parity,
            figures={path.stem: path for path in paths},
            settings=params.model_dump(mode="json"),
        )
        page = training.data.results / REPORT_FILE
        write_sequence_report(report, page)
        tracking.log_files([page])
        return report


def _log_data(prepared: Prepared, table: ClipTable, params: SequenceParams) -> None:
    tracking.log_parameters({"sequence": params.model_dump(mode="json")})
    tracking.log_environment()
    mlflow.log_metrics({f"clips_{name}": len(rows) for name, rows in vars(prepared.split).items()})
    if table.raters is not None:
        mlflow.log_text("\n".join(table.raters.lines()) + "\n", "raters.txt")


def _trained(cells: list[Cell], workers: Workers, folder: Path) -> dict[Cell, CellResult]:
    """Train the cells, and record each in a nested run when it is finished."""
    results = {}
    with progress_bar("Training", len(cells)) as advance:
        for cell, result in train_grid(cells, workers):
            results[cell] = result
            advance(1)
            with tracking.run(cell.name):
                tracking.log_parameters(
                    {"model": cell.model, "batch": cell.batch, "lr": cell.lr, "seed": cell.seed}
                )
                for epoch, values in enumerate(result.history, start=1):
                    mlflow.log_metrics(values, step=epoch)
                mlflow.log_metrics(
                    {
                        "best_validation_loss": result.validation_loss,
                        "best_epoch": result.best_epoch,
                        "seconds": result.seconds,
                    }
                )
                figure = learning_curve_figure(cell.name, result.history, result.best_epoch)
                tracking.log_files(save_figures({"learning_curve": figure}, folder / "cell"))
    # In the order of the settings, not that of their ends.
    return {cell: results[cell] for cell in cells}


def _best_of_each_model(results: Mapping[Cell, CellResult]) -> list[Cell]:
    """Of each kind of model, the cell with the least validation loss."""
    models = dict.fromkeys(cell.model for cell in results)
    return [
        chosen({cell: found for cell, found in results.items() if cell.model == model})
        for model in models
    ]


def _export(
    best: Cell,
    prepared: Prepared,
    evaluation: SequenceEvaluation,
    deployment: Deployment,
    params: SequenceParams,
    run_id: str,
    source: str,
) -> Parity:
    contract = SequenceContract(
        task="classify" if prepared.train.kind == "labels" else "score",
        labels=prepared.train.labels,
        sequence=sequence_spec(params),
        min_valid_share=params.min_valid_share,
        training={
            "name": "trained on judged recordings",
            "starter": False,
            "material": source,
            "clips": len(prepared.split.train),
            "targets": prepared.train.kind,
            "model": best.model,
            "batch": best.batch,
            "lr": best.lr,
            "seed": best.seed,
            "run_id": run_id,
            "created": datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
            "preprocessing": params.preprocessing.model_dump(mode="json"),
            "versions": package_versions(),
        },
        metrics={
            "measured_on": f"{counted(evaluation.clips, 'held-out clip')} of "
            f"{counted(evaluation.groups, 'group')}",
            **contract_scores(evaluation.scores),
        },
    )
    sample = np.concatenate([prepared.train.arrays(), prepared.test.arrays()])
    model = fitted_model(best, prepared.train)
    return export_sequence_model(model, contract, sample, deployment.model, params.seed)


def _figures(
    best: Cell,
    results: Mapping[Cell, CellResult],
    prepared: Prepared,
    outputs: Any,
    evaluation: SequenceEvaluation,
) -> dict[str, Any]:
    result = results[best]
    figures = {
        "learning_curve": learning_curve_figure(best.name, result.history, result.best_epoch),
        "grid": grid_figure(
            {
                cell.name: [epoch["validation_loss"] for epoch in found.history]
                for cell, found in results.items()
            }
        ),
    }
    if evaluation.confusion is None:
        title = "Predicted and true points of held-out clips"
        figures["predicted_and_true"] = predicted_figure(prepared.test, outputs, title)
    else:
        figures["confusion_matrix"] = confusion_figure(
            evaluation.confusion, prepared.test.labels, "held-out clips"
        )
    return figures


def _keep_held_out(data: LabelledClips, split: ClipSplit, deployment: Deployment) -> None:
    """What promotion needs to compare this model with another one."""
    data.rows(split.test).save(deployment.held_out)
    seen = np.concatenate([split.train, split.validation])
    groups = sorted(set(data.groups[seen].tolist()))
    deployment.learned_from.write_text(json.dumps(groups), encoding="utf-8")


def _register(
    registry: Registry,
    deployment: Deployment,
    best: Cell,
    evaluation: SequenceEvaluation,
    parity: Parity,
) -> str:
    name, _ = evaluation.main
    return registry.register(
        deployment,
        {
            "model": best.name,
            "held_out": f"{name} {evaluation.scores[name]:.4f}",
            "parity_rows": parity.rows,
            "parity_max_difference": f"{parity.max_difference:.1e}",
        },
        f"{best.name}: {name} {evaluation.scores[name]:.4f} on held-out clips.",
    )
