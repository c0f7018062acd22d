"""The ``training`` section of ``params.yaml``."""

from pathlib import Path

from pydantic import Field

from shared_features.params import Section, load_section


class XgboostParams(Section):
    """The boosted trees; names and meanings are XGBoost's own."""

    max_rounds: int = Field(gt=0)
    early_stopping_rounds: int = Field(gt=0)
    learning_rate: float = Field(gt=0, le=1)
    max_depth: int = Field(ge=1, le=16)
    min_child_weight: float = Field(ge=0)
    subsample: float = Field(gt=0, le=1)
    colsample_bytree: float = Field(gt=0, le=1)
    reg_lambda: float = Field(ge=0)


class StarterParams(Section):
    """How the starter model is built."""

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


class TrainingParams(Section):
    """Everything under ``training``."""

    starter: StarterParams


def load_training(path: Path | None = None) -> TrainingParams:
    """The ``training`` section.

    Raises:
        ParamsError: naming every key and value that is not understood.
    """
    return load_section(TrainingParams, "training", path)
