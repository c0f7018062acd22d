"""``.trc``: tables of markers, as OpenSim, Pose2Sim and Sports2D exchange them.

Three lines of facts, a line of marker names, a line of axes, and a row per frame, separated by
tabs. Metric files have y upwards and z towards the camera, files in pixels have y downwards. They
carry neither confidences nor the size of the frames.
"""

from pathlib import Path

import numpy as np

from shared_features.runtime.atomic import atomic_write
from training.errors import TrainingError
from training.landmark_tables.markers import Markers, times_of

_PER_METRE = {"mm": 1000.0, "cm": 100.0, "m": 1.0}
_PIXELS = frozenset({"px", "pix", "pixel", "pixels"})
_UP = np.array([1.0, -1.0, -1.0])
_HEADER_LINES = 5


def read_trc(path: Path) -> Markers:
    """Read a file.

    Raises:
        TrainingError: It is damaged, or its unit is unknown.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    try:
        facts = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=False))
        unit = facts["Units"].strip().lower()
        names = tuple(name for name in (text.strip() for text in lines[3].split("\t")[2:]) if name)
        rows = [line.split("\t") for line in lines[_HEADER_LINES:] if line.strip()]
        width = 2 + 3 * len(names)
        values = np.array(
            [
                [float(cell) if cell.strip() else np.nan for cell in [*row, *[""] * width][:width]]
                for row in rows
            ]
        )
        times_s, positions = values[:, 1], values[:, 2:].reshape(len(rows), len(names), 3)
    except (IndexError, KeyError, ValueError) as error:
        raise TrainingError(
            f"{path} cannot be read as .trc ({type(error).__name__}: {error}). Expected the five "
            "lines of its head and a row of numbers per frame."
        ) from error
    # Some programs write zeros where a marker was not found.
    positions[(positions == 0).all(axis=2)] = np.nan
    if unit in _PIXELS:
        return Markers(names, times_s, positions, None, "pixels")
    if unit not in _PER_METRE:
        raise TrainingError(f"{path} is in {unit!r}, expected px, mm, cm or m.")
    return Markers(names, times_s, positions * _UP / _PER_METRE[unit], None, "metres")


def write_trc(markers: Markers, path: Path) -> None:
    """Write a file, in pixels or metres."""
    pixels = markers.space == "pixels"
    positions = markers.positions if pixels else markers.positions * _UP
    n_frames, n_markers = positions.shape[:2]
    rate = frame_rate(markers)
    facts = {
        "DataRate": f"{rate:.6g}",
        "CameraRate": f"{rate:.6g}",
        "NumFrames": n_frames,
        "NumMarkers": n_markers,
        "Units": "px" if pixels else "m",
        "OrigDataRate": f"{rate:.6g}",
        "OrigDataStartFrame": 1,
        "OrigNumFrames": n_frames,
    }
    axes = [f"{axis}{number}" for number in range(1, n_markers + 1) for axis in "XYZ"]
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        file.write(f"PathFileType\t4\t(X/Y/Z)\t{path.name}\n")
        file.write("\t".join(facts) + "\n" + "\t".join(map(str, facts.values())) + "\n")
        file.write("Frame#\tTime\t" + "\t\t\t".join(markers.names) + "\t\t\n")
        file.write("\t\t" + "\t".join(axes) + "\n")
        rows = zip(times_of(markers), positions.reshape(n_frames, -1), strict=True)
        for number, (time_s, row) in enumerate(rows, start=1):
            cells = ["" if np.isnan(value) else f"{value:.9g}" for value in row]
            file.write("\t".join([str(number), repr(float(time_s)), *cells]) + "\n")


def frame_rate(markers: Markers) -> float:
    """Mean number of frames per second, for formats that have a field for it."""
    times_s = times_of(markers)
    if len(times_s) < 2:
        return 1.0
    return float((len(times_s) - 1) / (times_s[-1] - times_s[0]))
