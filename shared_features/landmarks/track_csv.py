"""Landmark tables on disk: ``video_{name}_landmarks.csv``, one row per frame.

Floats are written with enough digits to read back the same bits. The provenance of the landmarks
is stored next to the table, in a ``.json`` file of the same name.
"""

import csv
import json
from pathlib import Path
from typing import Literal

import numpy as np

from shared_features.errors import TrackError
from shared_features.landmarks.landmarks import (
    IMAGE_CHANNELS,
    LANDMARK_COUNT,
    LANDMARK_NAMES,
    WORLD_CHANNELS,
    LandmarkTrack,
)
from shared_features.runtime.atomic import atomic_write

FRAME_COLUMNS: tuple[str, ...] = ("frame_number", "pts_s", "filename", "width", "height")
IMAGE_COLUMNS: tuple[str, ...] = tuple(
    f"{name}_{channel}" for name in LANDMARK_NAMES for channel in IMAGE_CHANNELS
)
WORLD_COLUMNS: tuple[str, ...] = tuple(
    f"{name}_world_{channel}" for name in LANDMARK_NAMES for channel in WORLD_CHANNELS
)
COLUMNS: tuple[str, ...] = FRAME_COLUMNS + IMAGE_COLUMNS + WORLD_COLUMNS
LANDMARK_DIGITS = "%.9g"  # enough for every float32


def track_file_name(kind: Literal["photo", "video"], source: str) -> str:
    """File name of a recording's landmark table.

    >>> track_file_name("video", "routine.final.mp4")
    'video_routine.final_landmarks.csv'
    """
    return f"{kind}_{Path(source).stem}_landmarks.csv"


def write_track(track: LandmarkTrack, path: Path) -> None:
    """Write a track's table and its provenance, each atomically."""
    row_format = ",".join([LANDMARK_DIGITS] * len(IMAGE_COLUMNS + WORLD_COLUMNS))
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="")
        file.write(",".join(COLUMNS) + "\n")
        rows = zip(track.pts_s, track.image, track.world, strict=True)
        for index, (pts_s, image, world) in enumerate(rows):
            writer.writerow([index, repr(float(pts_s)), track.source, track.width, track.height])
            values = image.ravel().tolist() + world.ravel().tolist()
            file.write("," + row_format % tuple(values) + "\n")
    provenance = json.dumps(track.provenance, indent=1, sort_keys=True)
    with atomic_write(path.with_suffix(".json")) as temporary:
        temporary.write_text(provenance + "\n", encoding="utf-8")


def read_track(path: Path) -> LandmarkTrack:
    """Read the track of a landmark table, bit for bit as it was written.

    Raises:
        TrackError: the file is missing, damaged, or not a landmark table.
    """
    try:
        frames, landmarks = [], []
        # A file name that is not valid UTF-8 reads back as the same bytes.
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            rows = csv.reader(file)
            _check_header(path, tuple(next(rows, ())))
            for row in rows:
                frames.append(row[: len(FRAME_COLUMNS)])
                # Converted row by row: a long video would take gigabytes as text.
                numbers = np.array(row[len(FRAME_COLUMNS) :], dtype=np.float64)
                landmarks.append(numbers.astype(np.float32))
        _check_frames(path, frames)
        values = np.stack(landmarks)
        split = len(IMAGE_COLUMNS)
        provenance_path = path.with_suffix(".json")
        provenance = (
            json.loads(provenance_path.read_text(encoding="utf-8"))
            if provenance_path.is_file()
            else {}
        )
        return LandmarkTrack(
            source=frames[0][2],
            width=int(frames[0][3]),
            height=int(frames[0][4]),
            pts_s=np.array([float(frame[1]) for frame in frames]),
            image=values[:, :split].reshape(-1, LANDMARK_COUNT, len(IMAGE_CHANNELS)),
            world=values[:, split:].reshape(-1, LANDMARK_COUNT, len(WORLD_CHANNELS)),
            provenance=provenance,
        )
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise TrackError(
            f"{path} cannot be read as a landmark table ({error}). Extract the landmarks again."
        ) from error


def _check_header(path: Path, header: tuple[str, ...]) -> None:
    if header != COLUMNS:
        missing = [column for column in COLUMNS if column not in header]
        raise TrackError(
            f"{path} is not a landmark table: expected {len(COLUMNS)} columns from {COLUMNS[0]} to "
            f"{COLUMNS[-1]}; missing: {missing[:5] or 'none, but the order differs'}."
        )


def _check_frames(path: Path, frames: list[list[str]]) -> None:
    """Check that the rows are all frames of one recording, in order."""
    if not frames:
        raise TrackError(f"{path} contains no frames. Extract the landmarks again.")
    in_order = [frame[0] for frame in frames] == [str(number) for number in range(len(frames))]
    recordings = {tuple(frame[2:]) for frame in frames}
    if not in_order or len(recordings) != 1:
        raise TrackError(
            f"The {len(frames)} rows of {path} are not the frames 0, 1, 2, … of one recording "
            f"(recordings found: {len(recordings)}). Extract the landmarks again."
        )
