"""``.c3d``: the binary format of motion capture laboratories, through ezc3d.

It has one frame rate instead of times, and single precision. ``POINT:Y_SCREEN`` says which way is
up.
"""

from pathlib import Path
from typing import Any

import numpy as np

from shared_features.runtime.atomic import atomic_write
from training.errors import TrainingError
from training.landmark_tables.markers import Markers
from training.landmark_tables.trc import frame_rate

_PER_METRE = {"mm": 1000.0, "cm": 100.0, "m": 1.0}
# From the file's axes to x right, y down, z away from the camera.
_FROM_Y_UP = np.array([[1, 0, 0], [0, -1, 0], [0, 0, -1]], dtype=np.float64)
_FROM_Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=np.float64)


def read_c3d(path: Path) -> Markers:
    """Read a file.

    Raises:
        TrainingError: ezc3d is not installed, or the file is damaged or in another unit.
    """
    ezc3d = _ezc3d()
    try:
        content = ezc3d.c3d(str(path))
        point = content["parameters"]["POINT"]
        names = tuple(name.strip() for name in point["LABELS"]["value"])
        rate = float(point["RATE"]["value"][0])
        unit = point["UNITS"]["value"][0].strip().lower()
        up = point.get("Y_SCREEN", {"value": ["+Z"]})["value"]
        positions = np.moveaxis(content["data"]["points"][:3], 0, -1).swapaxes(0, 1)
    except (OSError, RuntimeError, KeyError, IndexError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read as .c3d ({error}).") from error
    if unit not in _PER_METRE or rate <= 0:
        raise TrainingError(
            f"{path} is in {unit!r} at {rate:g} frames per second, expected mm, cm or m, and a "
            "rate above 0."
        )
    axes = _FROM_Y_UP if up and "Y" in up[0].upper() else _FROM_Z_UP
    turned = positions.astype(np.float64) @ axes.T / _PER_METRE[unit]
    return Markers(names, np.arange(len(turned)) / rate, turned, None, "metres")


def write_c3d(markers: Markers, path: Path) -> None:
    """Write a file in metres.

    Raises:
        TrainingError: ezc3d is not installed, or the markers are in pixels.
    """
    ezc3d = _ezc3d()
    if markers.space != "metres":
        raise TrainingError(f"{path.name}: .c3d files are metric. Choose --space metres.")
    content = ezc3d.c3d()
    positions = markers.positions @ _FROM_Y_UP  # its own inverse
    points = np.ones((4, len(markers.names), len(positions)))
    points[:3] = np.moveaxis(positions, -1, 0).swapaxes(1, 2)
    parameters = content["parameters"]["POINT"]
    parameters["RATE"]["value"] = [frame_rate(markers)]
    parameters["LABELS"]["value"] = list(markers.names)
    parameters["UNITS"]["value"] = ["m"]
    content.add_parameter("POINT", "X_SCREEN", ["+X"])
    content.add_parameter("POINT", "Y_SCREEN", ["+Y"])
    content["data"]["points"] = points
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        content.write(str(temporary))


def _ezc3d() -> Any:
    try:
        import ezc3d
    except ImportError as error:
        raise TrainingError(
            f".c3d files need the extra `landmarks` ({error}). Install it with "
            "`pip install -e '.[train,landmarks]'`."
        ) from error
    return ezc3d
