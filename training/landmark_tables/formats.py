"""Landmarks from and to the files of other programs, by the file's suffix."""

from collections.abc import Callable
from pathlib import Path

from shared_features.landmarks.landmarks import LandmarkTrack
from training.errors import TrainingError
from training.landmark_tables.c3d import read_c3d, write_c3d
from training.landmark_tables.coco import read_coco, write_coco
from training.landmark_tables.deeplabcut import is_deeplabcut, read_deeplabcut, write_deeplabcut
from training.landmark_tables.foreign_table import ForeignTrack, read_foreign_tracks
from training.landmark_tables.markers import Markers, Space, foreign_track, markers_of
from training.landmark_tables.parquet import read_parquet, write_parquet
from training.landmark_tables.trc import read_trc, write_trc

_WRITERS: dict[str, Callable[[Markers, Path], None]] = {
    ".trc": write_trc,
    ".c3d": write_c3d,
    ".csv": write_deeplabcut,
    ".h5": write_deeplabcut,
    ".json": write_coco,
}
# What a file of this kind cannot carry, for the person who exports.
LOST: dict[str, str] = {
    ".trc": "visibility and presence, and the other kind of coordinates (--space)",
    ".c3d": "visibility, presence and picture coordinates; times become one frame rate, and values "
    "have single precision",
    ".csv": "depth, presence, world coordinates, times and the size of the frames (DeepLabCut)",
    ".h5": "depth, presence, world coordinates, times and the size of the frames (DeepLabCut)",
    ".json": "depth, presence and world coordinates; of the visibility, only whether it is above "
    "one half (COCO keypoints)",
    ".parquet": "",
}
_METRIC = ".c3d"


def read_landmark_file(path: Path) -> tuple[list[ForeignTrack], list[str]]:
    """The landmarks of each recording in a file, and remarks about how it was read.

    Raises:
        TrainingError: The file is missing or damaged, or not what its suffix says.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise TrainingError(f"There is no file {path}.")
    if suffix == ".parquet":
        return [read_parquet(path)], []
    if suffix == ".json":
        markers, remarks = read_coco(path)
    elif suffix in (".trc", ".c3d"):
        markers, remarks = (read_trc if suffix == ".trc" else read_c3d)(path), []
    elif suffix in (".h5", ".hdf5") or (suffix == ".csv" and is_deeplabcut(path)):
        markers, remarks = read_deeplabcut(path), []
    else:
        return read_foreign_tracks(path)
    track, more = foreign_track(path, markers)
    return [track], [*remarks, *more]


def write_landmark_file(track: LandmarkTrack, path: Path, space: Space | None) -> str:
    """Write a track for another program; returns what the format cannot carry.

    Args:
        track: The track.
        path: A file whose suffix names the format.
        space: Pixels or metres; None: what is usual for the format.

    Raises:
        TrainingError: The format is unknown, or does not have that space.
    """
    suffix = path.suffix.lower()
    if suffix not in LOST:
        raise TrainingError(
            f"{path.name}: the suffix names the format; expected one of {', '.join(LOST)}."
        )
    if suffix == ".parquet":
        write_parquet(track, path)
    else:
        usual: Space = "metres" if suffix == _METRIC else "pixels"
        _WRITERS[suffix](markers_of(track, space or usual), path)
    return LOST[suffix]
