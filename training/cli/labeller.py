"""``straps-train label-videos`` and ``straps-train label-photos``.

Both start the labelling tool for the browser and end with Ctrl-C. ``training.labeller.app`` says
how to link to a recording and a frame.
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
    typer.Option("--input", help="Folder of recordings; default: the interim one in params.yaml."),
]
OpenBrowser = Annotated[
    bool, typer.Option("--open/--no-open", help="Open the page in this machine's browser.")
]


@app.command("label-videos")
def label_videos(
    params: Params = None, input_folder: Input = None, open_browser: OpenBrowser = False
) -> None:
    """Label the frames of videos in the browser, a key press for every second."""
    _label("video", params, input_folder, open_browser)


@app.command("label-photos")
def label_photos(
    params: Params = None, input_folder: Input = None, open_browser: OpenBrowser = False
) -> None:
    """Label photos in the browser, those first that the model is least sure of."""
    _label("photo", params, input_folder, open_browser)


def _label(kind: "Kind", params: Path | None, folder: Path | None, open_browser: bool) -> None:
    from training.labeller.catalogue import forced_recordings, recordings_to_label
    from training.labeller.running import listening, only_one, serve, summary, workbench_for
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
        typer.echo(f"`force_relabel` names what is not in {folder}: {names}.", err=True)
    with ExitStack() as running:
        running.enter_context(only_one(data.labels, kind))
        listener, url = running.enter_context(listening(settings.labeller))
        with progress_bar("Reading labels", len(recordings)) as advance:
            workbench = running.enter_context(
                workbench_for(kind, recordings, forced, shared, settings, advance)
            )

        def ready() -> None:
            typer.echo(_welcome(url, settings.labeller.host, len(recordings), kind))
            if open_browser:
                webbrowser.open(url)

        serve(workbench, settings, known_labels(shared.labels), listener, ready)
        for line in summary(workbench, data.labels):
            typer.echo(line)


def _welcome(url: str, host: str, recordings: int, kind: str) -> str:
    port = url.rstrip("/").rsplit(":", 1)[1]
    lines = [f"Label {recordings} {kind}{'' if recordings == 1 else 's'} at {url}"]
    if host in ("127.0.0.1", "localhost", "::1"):
        lines += [
            f"  from another machine: ssh -L {port}:localhost:{port} THIS_MACHINE, then the same "
            "address there",
            "  in a container: set `training.labeller.host` to 0.0.0.0 and publish the port",
        ]
    return "\n".join([*lines, "  every key press is saved at once; end with Ctrl-C"])
