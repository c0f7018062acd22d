"""The ``training.splits`` section of ``params.yaml``."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from shared_features.params import Section

ApproachName = Literal["alignment", "classifier", "regressor"]
PairTask = Literal["classifier", "regressor"]
SplitFeatures = Literal["pose", "frame"]


class SplitParams(Section):
    """Settings for finding key moments in other recordings, with the names of seed document 003."""

    recordings: Path = Path("data/splits/recordings.yaml")
    folder: Path = Path("data/splits")
    approach: ApproachName = "alignment"
    features: SplitFeatures = "pose"
    backbone: Path | None = None
    seed: int = Field(default=42, ge=0)
    val_ratio: float = Field(default=0.2, gt=0, lt=1)
    clip_length: int = Field(default=50, ge=4)
    alpha_split_0: float = Field(default=0.5, ge=0)
    alpha: float = Field(default=0.5, ge=0)
    beta_split_0: float = Field(default=0.5, ge=0)
    beta: float = Field(default=0.5, ge=0)
    num_augmented: int = Field(default=25, ge=0)
    max_negatives_per_positive: int = Field(default=1, ge=1)
    num_non_overlapping: int = Field(default=25, ge=0)
    ignore_first_split: bool = False
    add_position_feature: bool = False
    add_percent_completion_feature: bool = False
    compress_sizes: tuple[int, ...] = (64,)
    post_lstm_sizes: tuple[int, ...] = (64,)
    learning_rate: float = Field(default=1e-3, gt=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    batch_size: int = Field(default=64, ge=2)
    epochs: int = Field(default=20, ge=1)
