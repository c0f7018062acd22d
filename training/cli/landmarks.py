"""``straps-train import-landmarks`` and ``export-landmarks``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from training.cli.options import Params, warn
from training.errors import TrainingError
from training.words import counted

app = typer.Typer()


@app.command("import-landmarks")
def import_landmarks(
    source: Annotated[
        Path,
        typer.Argument(
            help="Table of landmarks (.csv, .tsv or .txt), .trc, .c3d, COCO keypoints (.json), a "
            "table of DeepLabCut (.csv or .h5), or .parquet."
        ),
    ],
    params: Params = None,
    recording: Annotated[
        str | None,
        typer.Option(help="Name of the recording, such as routine.mp4. Default: as in the table."),
    ] = None,
    media: Annotated[
        list[Path] | None, typer.Option(help="Folder of the recordings; can be repeated.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="Width and height of the frames. Default: of the recording or table."),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(min=0.001, help="Frames per second. Default: the recording's own times."),
    ] = None,
    frames_from: Annotated[
        int, typer.Option(min=0, max=1, help="Number of the first frame in the table.")
    ] = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite existing landmark tables.")
    ] = False,
) -> None:
    """Import landmarks that another program made."""
    from training.landmark_tables.import_landmarks import LandmarkRequest
    from training.landmark_tables.import_landmarks import import_landmarks as run
    from training.params import load_all

    shared, training = load_all(params)
    request = LandmarkRequest(
        source, recording, tuple(media or ()), _size(size), fps, frames_from, replace
    )
    imported = run(request, training.data, shared.media)
    warn(imported.warnings)
    print(
        f"{counted(len(imported.written), 'landmark table')} written, {len(imported.kept):,} kept "
        f"unchanged, in {training.data.landmarks}"
    )
    print(f"{counted(imported.frames, 'frame')}, {imported.without_person:,} without a person")


class CoordinateSpace(StrEnum):
    """Which coordinates are written."""

    pixels = "pixels"
    metres = "metres"


@app.command("export-landmarks")
def export_landmarks(
    source: Annotated[Path, typer.Argument(help="A landmark table (video_*_landmarks.csv).")],
    out: Annotated[
        Path,
        typer.Option(
            help="File to write; its suffix is the format: .trc, .c3d, .csv or .h5 (DeepLabCut), "
            ".json (COCO keypoints) or .parquet."
        ),
    ],
    space: Annotated[
        CoordinateSpace | None,
        typer.Option(help="Pixels of the frame, or metres around the hips. Default: by format."),
    ] = None,
) -> None:
    """Write a landmark table as a file for another program."""
    from shared_features.landmarks.track_csv import read_track
    from training.landmark_tables.formats import write_landmark_file

    track = read_track(source)
    lost = write_landmark_file(track, out, None if space is None else space.value)
    print(f"{counted(len(track), 'frame')} written to {out}")
    if lost:
        warn([f"{out.suffix} files do not carry {lost}."])


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    width, _, height = text.lower().replace("×", "x").partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise TrainingError(f"--size {text}: expected width and height, such as 1920x1080.")
    return int(width), int(height)
