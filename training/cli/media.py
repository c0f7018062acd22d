"""``straps-train process-videos``, ``process-photos`` and ``extract-*-landmarks``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import SOME_FAILED, Params
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.recordings.catalog import Kind
    from training.recordings.media_report import MediaReport

app = typer.Typer()

Input = Annotated[
    Path | None,
    typer.Option(help="Folder to read; default: the one in params.yaml for this stage."),
]
Output = Annotated[
    Path | None,
    typer.Option(help="Folder to write; default: the one in params.yaml for this stage."),
]
Processes = Annotated[
    int | None,
    typer.Option(min=1, help="Number of processes; default: training.extraction.workers."),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="Address of a Dask scheduler to use instead of this machine. Its workers need the "
        "same version of this package and the same files under the same paths."
    ),
]
Annotations = Annotated[
    bool | None,
    typer.Option(
        help="Also write copies with the landmarks drawn on them; default: "
        "training.extraction.annotated_copies."
    ),
]


@app.command("process-videos")
def process_videos(
    params: Params = None,
    input: Input = None,
    output: Output = None,
    workers: Processes = None,
    cluster: Cluster = None,
) -> None:
    """Make smaller, upright copies of videos, and mirrored ones if set in params.yaml."""
    _process("video", params, input, output, workers, cluster)


@app.command("process-photos")
def process_photos(
    params: Params = None,
    input: Input = None,
    output: Output = None,
    workers: Processes = None,
    cluster: Cluster = None,
) -> None:
    """Copy photos, and make mirrored copies if set in params.yaml."""
    _process("photo", params, input, output, workers, cluster)


@app.command("extract-video-landmarks")
def extract_video_landmarks(
    params: Params = None,
    input: Input = None,
    output: Output = None,
    workers: Processes = None,
    cluster: Cluster = None,
    annotated: Annotations = None,
) -> None:
    """Extract the landmarks of every frame of every video; resumes where it was stopped."""
    _extract("video", params, input, output, workers, cluster, annotated)


@app.command("extract-photo-landmarks")
def extract_photo_landmarks(
    params: Params = None,
    input: Input = None,
    output: Output = None,
    workers: Processes = None,
    cluster: Cluster = None,
    annotated: Annotations = None,
) -> None:
    """Extract the landmarks of every photo; resumes where it was stopped."""
    _extract("photo", params, input, output, workers, cluster, annotated)


def _process(
    kind: "Kind",
    params: Path | None,
    source: Path | None,
    target: Path | None,
    processes: int | None,
    cluster: str | None,
) -> None:
    from training.media import prepare
    from training.params import load_all
    from training.recordings.catalog import find_recordings
    from training.runtime.progress_bar import progress_bar
    from training.runtime.workers import Workers

    shared, training = load_all(params)
    data = training.data
    is_video = kind == "video"
    source = source or (data.raw_videos if is_video else data.raw_photos)
    target = target or (data.interim_videos if is_video else data.interim_photos)
    recordings = find_recordings(source, kind)
    workers = Workers(processes or training.extraction.workers, cluster)
    with progress_bar(f"Preparing {kind}s", len(recordings)) as advance:
        if is_video:
            report = prepare.process_videos(
                recordings, target, shared.media, training.process_videos, workers, advance
            )
        else:
            report = prepare.process_photos(
                recordings, target, shared.media, training.process_photos, workers, advance
            )
    _print_report(report, target)


def _extract(
    kind: "Kind",
    params: Path | None,
    source: Path | None,
    target: Path | None,
    processes: int | None,
    cluster: str | None,
    annotated: bool | None,
) -> None:
    from training.media.landmarks import extract_recordings
    from training.params import load_all
    from training.recordings.catalog import find_recordings
    from training.runtime.progress_bar import progress_bar

    shared, training = load_all(params)
    data = training.data
    source = source or (data.interim_videos if kind == "video" else data.interim_photos)
    target = target or data.landmarks
    recordings = find_recordings(source, kind)
    extraction = training.extraction
    if processes is not None:
        extraction = extraction.model_copy(update={"workers": processes})
    if annotated is not None:
        extraction = extraction.model_copy(update={"annotated_copies": annotated})
    with progress_bar(f"Landmarks of {kind}s", len(recordings)) as advance:
        report = extract_recordings(kind, recordings, target, shared, extraction, cluster, advance)
    _print_report(report, target)


def _print_report(report: "MediaReport", folder: Path) -> None:
    """Print the counts, and problems on standard error.

    The exit code is 2 if nothing succeeded, and 1 if some files failed.
    """
    if not report.succeeded:
        raise TrainingError("\n".join(report.warnings()))
    for warning in report.warnings():
        typer.echo(warning, err=True)
    typer.echo(f"{folder}: {report.summary()}")
    if report.failed:
        raise typer.Exit(SOME_FAILED)
