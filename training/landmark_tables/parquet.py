"""Parquet: the columns of this project's own landmark tables, bit for bit."""

from pathlib import Path

import numpy as np

from shared_features.landmarks.landmarks import (
    IMAGE_CHANNELS,
    LANDMARK_COUNT,
    WORLD_CHANNELS,
    LandmarkTrack,
)
from shared_features.landmarks.track_csv import COLUMNS, IMAGE_COLUMNS, WORLD_COLUMNS
from shared_features.runtime.atomic import atomic_write
from training.errors import TrainingError
from training.landmark_tables.foreign_table import ForeignTrack
from training.recordings.catalog import listed
from training.words import counted


def read_parquet(path: Path) -> ForeignTrack:
    """Read a file.

    Raises:
        TrainingError: It is damaged, or has other columns.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise TrainingError(f"{path} cannot be read as Parquet ({error}).") from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing or not len(table):
        raise TrainingError(
            f"{path} has {counted(len(table), 'row')} and lacks the columns "
            f"{listed(missing) or 'none'}. Expected those of a landmark table, "
            "docs/training.md lists them."
        )
    recordings = set(table["filename"].to_pylist())
    sizes = set(zip(table["width"].to_pylist(), table["height"].to_pylist(), strict=True))
    if len(recordings) != 1 or len(sizes) != 1:
        raise TrainingError(
            f"{path} holds {counted(len(recordings), 'recording')} and "
            f"{counted(len(sizes), 'size')}; expected one file for each recording."
        )
    n_frames = len(table)

    def values(columns: tuple[str, ...], channels: int) -> np.ndarray:
        arrays = [table[name].to_numpy().astype(np.float32) for name in columns]
        return np.stack(arrays, axis=1).reshape(n_frames, LANDMARK_COUNT, channels)

    return ForeignTrack(
        recording=recordings.pop(),
        frames=np.arange(n_frames),
        times_s=table["pts_s"].to_numpy().astype(np.float64),
        size=sizes.pop(),
        image=values(IMAGE_COLUMNS, len(IMAGE_CHANNELS)),
        world=values(WORLD_COLUMNS, len(WORLD_CHANNELS)),
        in_pixels=False,
    )


def write_parquet(track: LandmarkTrack, path: Path) -> None:
    """Write a track."""
    import pyarrow
    from pyarrow import parquet

    n_frames = len(track)
    columns = {
        "frame_number": np.arange(n_frames),
        "pts_s": track.pts_s,
        "filename": [track.source] * n_frames,
        "width": np.full(n_frames, track.width),
        "height": np.full(n_frames, track.height),
    }
    columns |= dict(zip(IMAGE_COLUMNS, track.image.reshape(n_frames, -1).T, strict=True))
    columns |= dict(zip(WORLD_COLUMNS, track.world.reshape(n_frames, -1).T, strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        parquet.write_table(pyarrow.table(columns), temporary)
