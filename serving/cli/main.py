"""``straps-serve``: analyse a video, classify photos, run the service."""

from pathlib import Path
from typing import Annotated

import typer

from shared_features.runtime import console

app = typer.Typer(
    help="Which aerial straps poses a video or a photo shows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help costs half the time of a decorated one.
    rich_markup_mode=None,
)

ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="PATH", help="A pose_classifier.onnx; otherwise `serving.model_path`."
    ),
]
ParamsOption = Annotated[
    Path | None,
    typer.Option("--params", metavar="PATH", help="A params.yaml; otherwise the project's."),
]


@app.command()
def analyze(
    video: Annotated[Path, typer.Argument(help="The recording.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where results go; otherwise out/ and the video's name."),
    ] = None,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Also write the video with the poses drawn on it.")
    ] = False,
    model: ModelOption = None,
    params: ParamsOption = None,
) -> None:
    """Find the poses in a video; write its timeline, captions, landmarks and pictures."""
    from serving.cli.analyze import analyze_to_folder

    analyze_to_folder(video, out or Path("out") / video.stem, model, params, overlay)


@app.command()
def classify(
    photos: Annotated[list[Path], typer.Argument(help="The photos.", show_default=False)],
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line, for other programs.")
    ] = False,
    model: ModelOption = None,
    params: ParamsOption = None,
) -> None:
    """Name the pose in each photo. A photo that cannot be read does not stop the others."""
    from serving.cli.classify import classify_photos

    if not classify_photos(photos, json, model, params):
        raise typer.Exit(console.USER_ERROR)


@app.command()
def live(
    source: Annotated[
        str,
        typer.Argument(help="Number of a camera, address of a stream, or a recording."),
    ] = "0",
    window: Annotated[
        bool, typer.Option("--window", help="Also show the picture in a window.")
    ] = False,
    model: ModelOption = None,
    params: ParamsOption = None,
) -> None:
    """Name the pose in front of a camera, with a running hold clock, until Ctrl+C."""
    from serving.cli.live.command import classify_live

    classify_live(source, window, model, params)


@app.command()
def run(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; otherwise `serving.host`.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Otherwise `serving.port`.")
    ] = None,
    params: ParamsOption = None,
) -> None:
    """Run the service and its page, until it is interrupted."""
    from serving.cli.run import run_service

    run_service(host, port, params)


def main() -> None:
    """Run the command line."""
    console.run(app)


if __name__ == "__main__":
    main()
