"""The ``training`` section of ``params.yaml``."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from shared_features.params import (
    LabelParams,
    Section,
    SharedParams,
    load_section,
    load_shared,
    relative_to_params,
)
from training.errors import TrainingError
from training.learning.estimators.models import model_kind
from training.sequence_params import SequenceParams
from training.split_params import SplitParams

ScoreMetric = Literal["f1_macro", "accuracy", "balanced_accuracy", "log_loss"]


class XgboostParams(Section):
    """Settings of the boosted trees, with XGBoost's names and meanings."""

    max_rounds: int = Field(gt=0)
    early_stopping_rounds: int | None = Field(gt=0)
    learning_rate: float = Field(gt=0, le=1)
    max_depth: int = Field(ge=1, le=16)
    min_child_weight: float = Field(ge=0)
    subsample: float = Field(gt=0, le=1)
    colsample_bytree: float = Field(gt=0, le=1)
    reg_lambda: float = Field(ge=0)


class StarterParams(Section):
    """Settings for building the starter model."""

    seed: int = Field(ge=0)
    generated_samples: int = Field(ge=100)
    rendered_stills: int = Field(ge=100)
    rendered_clip_frames: int = Field(ge=100)
    rendered_weight: float = Field(gt=0)
    held_out_share: float = Field(gt=0, lt=0.5)
    other_weight: float = Field(gt=0)
    output: Path
    max_megabytes: float = Field(gt=0)
    xgboost: XgboostParams


class DataParams(Section):
    """The folders from recordings to the table of features; absolute after loading."""

    raw_videos: Path
    raw_photos: Path
    interim_videos: Path
    interim_photos: Path
    labels: Path
    landmarks: Path
    features: Path
    final_features: Path
    results: Path


class ProcessVideosParams(Section):
    """Settings for preparing videos."""

    reduction_factor: int = Field(ge=1, le=16)
    mirrored_copy: bool


class ProcessPhotosParams(Section):
    """Settings for preparing photos."""

    mirrored_copy: bool


class LabelParamsOfKind(Section):
    """Which recordings are labelled again although they have labels."""

    force_relabel: tuple[str, ...]
    force_relabel_all: bool


class LabelVideosParams(LabelParamsOfKind):
    """Settings for labelling videos."""

    skip_seconds: float = Field(gt=0)


class LabellerParams(Section):
    """Settings of the labelling tool."""

    keys: dict[str, str]
    host: str
    port: int = Field(ge=0, le=65535)

    @field_validator("keys")
    @classmethod
    def _single_keys(cls, keys: dict[str, str]) -> dict[str, str]:
        wrong = [key for key in keys if len(key) != 1 or not key.isalnum() or key != key.lower()]
        if wrong:
            raise ValueError(f"keys must be single lower-case letters or digits, got {wrong}")
        return keys


class ExtractionParams(Section):
    """Settings for extracting landmarks."""

    workers: int | None = Field(ge=1)
    annotated_copies: bool


class MakeFeaturesParams(Section):
    """Settings for the feature tables."""

    mirror_landmarks: bool


class ModelTrainingParams(Section):
    """Settings for training, tuning and evaluating a model."""

    model: str
    seed: int = Field(ge=0)
    test_share: float = Field(gt=0, lt=1)
    folds: int = Field(ge=2)
    class_weights: Literal["balanced", "none"]
    score_metric: ScoreMetric
    optimize_hyperparams: bool
    num_trials: int = Field(ge=1)
    pruning: bool
    optimize_processes: int = Field(ge=1)
    train_prod_model: bool
    max_training_rows: int | None = Field(default=60_000, ge=1000)
    hyperparameters: dict[str, dict[str, Any]]


class TrackingParams(Section):
    """Storage and names of runs, studies and registered models."""

    mlflow_uri: str | None
    optuna_storage: str | None
    folder: Path
    experiment: str
    registered_model: str
    main_run: str
    optimization_run: str
    trial_run: str
    retrain_run: str
    production_run: str
    mlflow_port: int = Field(ge=0, le=65535)
    optuna_port: int = Field(ge=0, le=65535)


class PromotionParams(Section):
    """Settings of the gate that a model must pass before it is served."""

    output: Path
    tolerance: float = Field(ge=0, le=1)
    min_coverage: float = Field(default=0.5, ge=0, le=1)


class TrainingParams(Section):
    """All settings under ``training``."""

    data: DataParams
    process_videos: ProcessVideosParams
    process_photos: ProcessPhotosParams
    labeller: LabellerParams
    label_videos: LabelVideosParams
    label_photos: LabelParamsOfKind
    extraction: ExtractionParams
    make_features: MakeFeaturesParams
    model_training: ModelTrainingParams
    tracking: TrackingParams
    promotion: PromotionParams
    starter: StarterParams
    sequence: SequenceParams = SequenceParams()
    splits: SplitParams = SplitParams()

    @model_validator(mode="after")
    def _folders_differ(self) -> Self:
        data = self.data
        for raw, interim in (
            (data.raw_videos, data.interim_videos),
            (data.raw_photos, data.interim_photos),
        ):
            if raw == interim:
                raise ValueError(f"data: raw and interim folders must differ, both are {raw}")
        return self


def load_training(path: Path | None = None) -> TrainingParams:
    """Load the ``training`` section and make its paths absolute.

    Raises:
        ParamsError: Some keys or values are invalid; the message lists all of them.
    """
    params = load_section(TrainingParams, "training", path)
    folders = {
        name: relative_to_params(folder, path) for name, folder in params.data.model_dump().items()
    }
    return params.model_copy(
        update={
            "data": DataParams(**folders),
            "tracking": params.tracking.model_copy(
                update={"folder": relative_to_params(params.tracking.folder, path)}
            ),
            "promotion": params.promotion.model_copy(
                update={"output": relative_to_params(params.promotion.output, path)}
            ),
            "sequence": params.sequence.model_copy(
                update={
                    name: relative_to_params(getattr(params.sequence, name), path)
                    for name in ("labels", "folder", "output")
                }
            ),
            "splits": params.splits.model_copy(
                update={
                    name: relative_to_params(getattr(params.splits, name), path)
                    for name in ("recordings", "folder", "backbone")
                    if getattr(params.splits, name) is not None
                }
            ),
        }
    )


def load_all(path: Path | None = None) -> tuple[SharedParams, TrainingParams]:
    """Load the shared sections and the ``training`` section, and check that they fit.

    Raises:
        ParamsError: Some keys or values are invalid; the message lists all of them.
        TrainingError: There is no such model; or a key of the labeller stands for a label that is
            not in ``labels``, or a label has no key.
    """
    shared, training = load_shared(path), load_training(path)
    # Found here, before hours of work that need no model.
    model_kind(training.model_training.model)
    known = known_labels(shared.labels)
    unknown = {key: label for key, label in training.labeller.keys.items() if label not in known}
    missing = [label for label in known if label not in training.labeller.keys.values()]
    if unknown or missing:
        raise TrainingError(
            "`training.labeller.keys` and `labels` in params.yaml do not match: "
            + "; ".join(
                part
                for part in (
                    f"keys for unknown labels {unknown}" if unknown else "",
                    f"labels without a key {missing}" if missing else "",
                )
                if part
            )
            + f". Known labels: {list(known)}."
        )
    return shared, training


def known_labels(labels: LabelParams) -> tuple[str, ...]:
    """All labels that a frame may have: the poses, and the label for everything else."""
    return (*labels.poses, labels.other)
