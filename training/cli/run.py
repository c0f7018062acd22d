"""``straps-train run``: all stages that need no person, in order."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import SOME_FAILED, Params

if TYPE_CHECKING:
    from training.recordings.catalog import Kind

app = typer.Typer()

Stage = tuple[str, Callable[[], None]]


@app.command("run")
def run(
    promote: Annotated[
        bool, typer.Option("--promote", help="Also promote the model if it passes the gate.")
    ] = False,
    params: Params = None,
) -> None:
    """Run all stages that need no person, from raw recordings to a registered model.

    Where some files of a stage fail, the others go through all stages; the exit code is then 1.
    """
    incomplete = []
    for title, stage in _stages(params, promote):
        typer.secho(f"\n{title}", bold=True, err=True)
        try:
            stage()
        except typer.Exit as ended:
            if ended.exit_code != SOME_FAILED:
                raise
            incomplete.append(title)
    if incomplete:
        typer.echo(f"Some files failed in {', '.join(incomplete)}; see above.", err=True)
        raise typer.Exit(SOME_FAILED)


def _stages(params: Path | None, promote: bool) -> list[Stage]:
    """The stages that have something to do, in order.

    Raises:
        RecordingError: There are neither photos nor videos.
    """
    from training.cli import data as tables
    from training.cli import labels, learning, media
    from training.errors import RecordingError
    from training.learning.estimators.fitting import fit_settings
    from training.params import load_all

    settings = load_all(params)[1]
    fit_settings(settings)  # a wrong setting is found before hours of extraction
    data = settings.data
    raw_videos = _has_recordings(data.raw_videos, "video")
    raw_photos = _has_recordings(data.raw_photos, "photo")
    videos = raw_videos or _has_recordings(data.interim_videos, "video")
    photos = raw_photos or _has_recordings(data.interim_photos, "photo")
    if not videos and not photos:
        raise RecordingError(
            f"There are no recordings in {data.raw_videos}, {data.raw_photos}, "
            f"{data.interim_videos} or {data.interim_photos}. Put some there, or set other folders "
            "under `training.data` in params.yaml."
        )
    stages: list[tuple[bool, str, Callable[[], None]]] = [
        (raw_videos, "process-videos", lambda: media.process_videos(params)),
        (raw_photos, "process-photos", lambda: media.process_photos(params)),
        (True, "apply-mirror-labels", lambda: labels.apply_mirror_labels(params)),
        (
            videos,
            "extract-video-landmarks",
            lambda: media.extract_video_landmarks(params),
        ),
        (
            photos,
            "extract-photo-landmarks",
            lambda: media.extract_photo_landmarks(params),
        ),
        (True, "make-features", lambda: tables.make_features(params)),
        (True, "combine-features", lambda: tables.combine_features(params)),
        (True, "train", lambda: learning.train(params=params)),
        (promote, "promote", lambda: learning.promote(None, force=False, params=params)),
    ]
    return [(title, stage) for wanted, title, stage in stages if wanted]


def _has_recordings(folder: Path, kind: "Kind") -> bool:
    from training.recordings.catalog import recordings_below

    return bool(recordings_below(folder, kind))
