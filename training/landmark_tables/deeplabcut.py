"""DeepLabCut's tables: ``.csv`` with three lines of head, and ``.h5``.

Columns are scorer, body part and x, y or likelihood; x and y are in pixels. They carry neither
depth nor times nor the size of the frames.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from shared_features.runtime.atomic import atomic_write
from training.errors import TrainingError
from training.landmark_tables.markers import Markers

_SCORER = "aerial_straps"
_KEY = "df_with_missing"
_LEVELS = ["scorer", "bodyparts", "coords"]


def is_deeplabcut(path: Path) -> bool:
    """Whether a CSV file has DeepLabCut's head."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        starts = [file.readline().partition(",")[0].strip() for _ in range(3)]
    return starts[0] == "scorer" and "bodyparts" in starts


def read_deeplabcut(path: Path) -> Markers:
    """Read a table. Its times are unknown.

    Raises:
        TrainingError: It is damaged, or has several individuals.
    """
    import pandas as pd

    try:
        if path.suffix.lower() == ".csv":
            table = pd.read_csv(path, header=[0, 1, 2], index_col=0)
        else:
            table = pd.read_hdf(path)
        levels = table.columns.names
        if len(levels) != len(_LEVELS):
            raise TrainingError(
                f"{path} has the levels {list(levels)}, expected {_LEVELS}: tables of several "
                "individuals are not read. Export one of them."
            )
        table.columns = table.columns.droplevel(0)
        names = tuple(dict.fromkeys(table.columns.get_level_values(0)))
        positions = np.full((len(table), len(names), 3), np.nan)
        confidence = np.ones((len(table), len(names)))
        for number, name in enumerate(names):
            positions[:, number, 0] = table[(name, "x")]
            positions[:, number, 1] = table[(name, "y")]
            if (name, "likelihood") in table.columns:
                confidence[:, number] = table[(name, "likelihood")]
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
        raise TrainingError(
            f"{path} cannot be read as a table of DeepLabCut ({type(error).__name__}: {error}). "
            "HDF5 needs the extra `landmarks`."
        ) from error
    # They have no depth; one level for all keeps angles those of the picture.
    positions[..., 2] = np.where(np.isnan(positions[..., 0]), np.nan, 0.0)
    # DeepLabCut names its tables after the video and the network: routineDLC_resnet50_….
    recording = re.split(r"DLC_", path.stem)[0] + ".mp4" if "DLC_" in path.stem else ""
    return Markers(names, None, positions, confidence, "pixels", recording=recording)


def write_deeplabcut(markers: Markers, path: Path) -> None:
    """Write a table, ``.csv`` or ``.h5`` by its suffix.

    Raises:
        TrainingError: The markers are metric, or HDF5 is not installed.
    """
    import pandas as pd

    if markers.space != "pixels":
        raise TrainingError(f"{path.name}: DeepLabCut's tables are in pixels.")
    assert markers.confidence is not None  # noqa: S101 - markers of a track have it
    columns: dict[Any, Any] = {}
    for number, name in enumerate(markers.names):
        columns[(_SCORER, name, "x")] = markers.positions[:, number, 0]
        columns[(_SCORER, name, "y")] = markers.positions[:, number, 1]
        columns[(_SCORER, name, "likelihood")] = markers.confidence[:, number]
    table = pd.DataFrame(columns)
    table.columns = pd.MultiIndex.from_tuples(table.columns, names=_LEVELS)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        if path.suffix.lower() == ".csv":
            table.to_csv(temporary)
            return
        try:
            table.to_hdf(temporary, key=_KEY, mode="w", format="table")
        except ImportError as error:
            raise TrainingError(
                f"HDF5 files need the extra `landmarks` ({error}). Install it with "
                "`pip install -e '.[train,landmarks]'`, or write .csv."
            ) from error
