"""``straps-serve``: analyse a video, classify photos or a live stream, run the service."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from shared_features.runtime import console
from shared_features.runtime.worker_process import preload

app = typer.Typer(
    help="Find aerial straps poses in videos, photos and live streams.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help takes half as long as decorated help.
    rich_markup_mode=None,
)

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="PATH", help="Model file. Default: `serving.model_path`."),
]
ParamsOption = Annotated[
    Path | None,
    typer.Option(
        "--params", metavar="PATH", help="Settings file. Default: the project's params.yaml."
    ),
]
SlowMotionOption = Annotated[
    float | None,
    typer.Option(
        min=1,
        max=100,
        help="How many times slower than real the video plays: 8 for 240 frames per second played "
        "at 30. Default: what the file says.",
    ),
]


@app.command()
def analyze(
    video: Annotated[Path, typer.Argument(help="Video file.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the results. Default: out/NAME-OF-THE-VIDEO."),
    ] = None,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Also write the video with the poses drawn on it.")
    ] = False,
    slow_motion: SlowMotionOption = None,
    model: ModelOption = None,
    params: ParamsOption = None,
) -> None:
    """Find the poses in a video; write a timeline, captions, landmarks and images."""
    from serving.cli.analyze import analyze_to_folder

    folder = out or Path("out") / video.stem
    analyze_to_folder(video, folder, model, params, overlay, slow_motion)


@app.command()
def score(
    video: Annotated[Path, typer.Argument(help="Video file.", show_default=False)],
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, for other programs.")
    ] = False,
    repetitions: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Count and score repetitions of a movement in `scoring.movements`, like squat.",
        ),
    ] = None,
    slow_motion: SlowMotionOption = None,
    model: ModelOption = None,
    params: ParamsOption = None,
) -> None:
    """Score each hold in a video, from 0 to 100, and say what cost points."""
    from serving.cli.score import score_video

    score_video(video, json, model, params, slow_motion, repetitions)


@app.command()
def classify(
    photos: Annotated[list[Path], typer.Argument(help="Photo files.", show_default=False)],
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line, for other programs.")
    ] = False,
    model: ModelOption = None,
    params: ParamsOption = None,
) -> None:
    """Name the pose in each photo. A photo that cannot be read does not stop the others."""
    preload("serving.photos")
    from serving.cli.classify import classify_photos

    if not classify_photos(photos, json, model, params):
        raise typer.Exit(console.USER_ERROR)


@app.command()
def live(
    source: Annotated[
        str,
        typer.Argument(help="Camera number, stream address, or video file."),
    ] = "0",
    window: Annotated[
        bool, typer.Option("--window", help="Also show the video in a window.")
    ] = False,
    model: ModelOption = None,
    params: ParamsOption = None,
) -> None:
    """Name the pose in front of a camera, with a running hold clock, until Ctrl+C."""
    from serving.cli.live.command import classify_live

    classify_live(source, window, model, params)


@app.command("find-splits")
def find_splits(
    reference: Annotated[
        Path,
        typer.Option(
            help="Recording whose splits are known: a video or a landmark table.",
            show_default=False,
        ),
    ],
    target: Annotated[
        Path, typer.Option(help="Recording in which to find them.", show_default=False)
    ],
    splits: Annotated[
        str | None,
        typer.Option(
            metavar="TIMES", help="Times in the reference: seconds or MM:SS:FF, with commas."
        ),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="A recordings.yaml with the splits of the reference."),
    ] = None,
    fps: Annotated[str, typer.Option(help="Frames per second of MM:SS:FF.")] = "24",
    frame: Annotated[
        bool,
        typer.Option("--frame", help="Compare what the frames look like: no person is in view."),
    ] = False,
    backbone: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="ONNX network that describes a frame, with --frame."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the results. Default: out/REFERENCE-TARGET."),
    ] = None,
    params: ParamsOption = None,
) -> None:
    """Find key moments of a recording in another recording of the same routine."""
    from serving.cli.find_splits import find_splits as find

    features: Literal["pose", "frame"] = "frame" if frame else "pose"
    find(reference, target, splits, recordings, fps, features, backbone, out, params)


@app.command()
def run(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: `serving.host`.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port to listen on. Default: `serving.port`."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen on other addresses without tokens.")
    ] = False,
    role: Annotated[
        Literal["all", "web", "worker"] | None,
        typer.Option(
            help="Answer clients (web), work on their videos (worker), or both. Default: "
            "`serving.role`."
        ),
    ] = None,
    params: ParamsOption = None,
) -> None:
    """Run the service with its web page, until interrupted."""
    preload("serving.photos", "serving.analyst", "serving.live.trackers", "serving.overlay.drawer")
    from serving.cli.run import run_service

    run_service(host, port, params, insecure, role)


@app.command()
def check(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Rebuild the queue from the folders, and set aside what is no job."
        ),
    ] = False,
    params: ParamsOption = None,
) -> None:
    """Say what is wrong with the data folder of a stopped service. Removes nothing."""
    from serving.cli.check import check_data_dir

    if not check_data_dir(repair, params):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    console.run(app)


if __name__ == "__main__":
    main()
