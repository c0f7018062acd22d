"""The formats, their file names and media types, and a function that writes all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TextIO

from serving.analysis import Analysis
from serving.exports.captions import write_srt, write_vtt
from serving.exports.elan import write_elan
from serving.exports.joint_angles import write_angles
from serving.exports.scores import write_scores
from serving.exports.tables import write_frames_csv, write_segments_csv
from serving.exports.timeline_json import write_json
from shared_features.landmarks.track_csv import write_track
from shared_features.runtime.atomic import atomic_write

ExportFormat = Literal["json", "csv", "segments", "vtt", "srt", "eaf", "landmarks"]

FILE_NAMES: dict[ExportFormat, str] = {
    "json": "timeline.json",
    "csv": "frames.csv",
    "segments": "segments.csv",
    "vtt": "poses.vtt",
    "srt": "poses.srt",
    "eaf": "poses.eaf",
    "landmarks": "landmarks.csv",
}
MEDIA_TYPES: dict[ExportFormat, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "segments": "text/csv",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "eaf": "text/x-eaf+xml",
    "landmarks": "text/csv",
}
ANGLES_FILE = "angles.json"
SCORES_FILE = "scores.json"


def write_exports(
    analysis: Analysis, folder: Path, landmarks: str = FILE_NAMES["landmarks"]
) -> list[Path]:
    """Write every format into a folder, each file atomically.

    Args:
        analysis: Analysis to write.
        folder: Folder to write to.
        landmarks: File name of the landmark table.

    Returns:
        Paths of the files.
    """
    writers: dict[str, Callable[[Analysis, TextIO], None]] = {
        FILE_NAMES["json"]: write_json,
        FILE_NAMES["csv"]: write_frames_csv,
        FILE_NAMES["segments"]: write_segments_csv,
        FILE_NAMES["vtt"]: write_vtt,
        FILE_NAMES["srt"]: write_srt,
        FILE_NAMES["eaf"]: write_elan,
        ANGLES_FILE: write_angles,
        SCORES_FILE: write_scores,
    }
    paths = []
    for name, write in writers.items():
        path = folder / name
        with (
            atomic_write(path) as temporary,
            temporary.open("w", encoding="utf-8", errors="replace", newline="") as file,
        ):
            write(analysis, file)
        paths.append(path)
    write_track(analysis.track, folder / landmarks)
    return [*paths, folder / landmarks]
