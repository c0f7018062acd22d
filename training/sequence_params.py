"""The ``training.sequence`` section of ``params.yaml``."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from shared_features.params import Section

SequenceModelName = Literal["bilstm", "gru", "tcn", "graph", "summary_xgb"]
Augmentation = Literal["mirror", "time_warp", "jitter", "dropped_frames"]


class PreprocessingParams(Section):
    """Which steps are taken, in this order, and how."""

    outliers: bool = True
    outlier_threshold: float = Field(default=6.0, gt=0)
    noise: bool = False
    noise_std: float = Field(default=0.005, gt=0, lt=1)
    resample: bool = True
    reclassify: bool = True
    classes: dict[str, str] = Field(default_factory=dict)
    limit: bool = False
    max_per_class: int = Field(default=2000, ge=1)
    augment: bool = True
    augmentations: tuple[Augmentation, ...] = ("mirror", "time_warp", "jitter", "dropped_frames")
    copies: int = Field(default=1, ge=1, le=20)
    scale: bool = True

    @field_validator("resample", "reclassify", "scale")
    @classmethod
    def _required(cls, wanted: bool) -> bool:
        if not wanted:
            raise ValueError(
                "this step is required, because no model can learn from what the others leave; "
                "set it to true or remove the line"
            )
        return wanted


class SequenceParams(Section):
    """Settings of sequence models: what they take, how they are trained, and where they go."""

    labels: Path = Path("data/sequences/scores.csv")
    num_frames: int = Field(default=16, ge=2, le=512)
    rotate: bool = False
    min_valid_share: float = Field(default=0.5, ge=0, le=1)
    preprocessing: PreprocessingParams = PreprocessingParams()
    models: tuple[SequenceModelName, ...] = Field(
        default=("bilstm", "gru", "tcn", "graph", "summary_xgb"), min_length=1
    )
    batch_options: tuple[int, ...] = Field(default=(32, 128), min_length=1)
    lr_options: tuple[float, ...] = Field(default=(1e-3, 3e-4), min_length=1)
    epochs_limit: int = Field(default=200, ge=1)
    patience: int = Field(default=20, ge=1)
    validation_share: float = Field(default=0.2, gt=0, lt=1)
    test_share: float = Field(default=0.2, gt=0, lt=1)
    seed: int = Field(default=20261121, ge=0)
    processes: int | None = Field(default=None, ge=1)
    folder: Path = Path("var/sequence")
    registered_model: str = "quality_scorer"
    output: Path = Path("models/quality.onnx")

    @field_validator("batch_options")
    @classmethod
    def _positive(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if min(sizes) < 1:
            raise ValueError(f"batch sizes must be at least 1, got {list(sizes)}")
        return sizes

    @field_validator("lr_options")
    @classmethod
    def _rates(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        if min(rates) <= 0:
            raise ValueError(f"learning rates must be greater than 0, got {list(rates)}")
        return rates
