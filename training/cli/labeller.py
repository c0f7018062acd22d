"""``straps-train label-videos`` and ``straps-train label-photos``.

Both start the labelling tool for the browser and run until Ctrl-C. ``training.labeller.app``
explains how to link to a recording and a frame.
"""

import logging
import sys
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import Params

if TYPE_CHECKING:
    from training.recordings.catalog import Kind

app = typer.Typer()

Input = Annotated[
    Path | None,
    typer.Option(
        "--input", help="Folder of recordings. Default: the interim folder in params.yaml."
    ),
]
OpenBrowser = Annotated[
    bool, typer.Option("--open/--no-open", help="Open the page in this machine's browser.")
]


@app.command("label-videos")
def label_videos(
    params: Params = None, input_folder: Input = None, open_browser: OpenBrowser = False
) -> None:
    """Label the frames of videos in the browser, one key press for every second of video."""
    _label("video", params, input_folder, open_browser)


@app.command("label-photos")
def label_photos(
    params: Params = None, input_folder: Input = None, open_browser: OpenBrowser = False
) -> None:
    """Label photos in the browser, starting with those the model is least sure of."""
    _label("photo", params, input_folder, open_browser)


def _label(kind: "Kind", params: Path | None, folder: Path | None, open_browser: bool) -> None:
    from training.labeller.entries import forced_recordings, recordings_to_label, summary
    from training.labeller.server import exclusive, listening, serve
    from training.labeller.service_setup import labelling_service
    from training.params import known_labels, load_all
    from training.runtime.progress_bar import progress_bar

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    shared, settings = load_all(params)
    data = settings.data
    folder = folder or (data.interim_videos if kind == "video" else data.interim_photos)
    recordings = recordings_to_label(folder, kind)
    again = settings.label_videos if kind == "video" else settings.label_photos
    forced, unknown = forced_recordings(recordings, again)
    if unknown:
        names = ", ".join(unknown)
        typer.echo(f"`force_relabel` names recordings that are not in {folder}: {names}.", err=True)
    with ExitStack() as closing:
        closing.enter_context(exclusive(data.labels, kind))
        listener, url = closing.enter_context(listening(settings.labeller))
        with progress_bar("Reading labels", len(recordings)) as report_progress:
            service = closing.enter_context(
                labelling_service(kind, recordings, forced, shared, settings, report_progress)
            )

        def ready() -> None:
            typer.echo(_welcome(url, settings.labeller.host, len(recordings), kind))
            if open_browser:
                webbrowser.open(url)

        serve(service, settings, known_labels(shared.labels), listener, ready)
        for line in summary(service.entries.values(), kind, data.labels):
            typer.echo(line)


def _welcome(url: str, host: str, recordings: int, kind: str) -> str:
    port = url.rstrip("/").rsplit(":", 1)[1]
    lines = [f"Label {recordings} {kind}{'' if recordings == 1 else 's'} at {url}"]
    if host in ("127.0.0.1", "localhost", "::1"):
        lines += [
            f"  From another machine: ssh -L {port}:localhost:{port} THIS_MACHINE, then open the "
            "same address there.",
            "  In a container: set `training.labeller.host` to 0.0.0.0 and publish the port.",
        ]
    return "\n".join([*lines, "  Every key press is saved at once. Stop with Ctrl-C."])
