"""``straps-train synth``: writes generated landmarks, frames and a demonstration video."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from shared_features.runtime.atomic import atomic_write
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.synthetic.samples import LandmarkSamples

app = typer.Typer(
    no_args_is_help=True,
    help="Generate labelled landmarks, frames or a video of a synthetic performer.",
)

Count = Annotated[int, typer.Option(min=1, help="Number of samples.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same samples.")]
Out = Annotated[Path, typer.Option(help="Path of the output.")]

GROUPS_AT_ONCE = 64
"""Number of landmark groups generated per step of the progress bar."""

Item = TypeVar("Item")


def _shown(items: Iterable[Item], description: str, total: int | None) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description, total=total, console=Console(stderr=True))


def _landmark_rows(samples: "LandmarkSamples") -> Iterator[list[str]]:
    for row in range(len(samples)):
        # The shortest text that reads back as the same float32.
        numbers = [*samples.image[row].ravel(), *samples.world[row].ravel()]
        facts = (samples.labels[row], samples.groups[row], samples.width[row], samples.height[row])
        yield [*(str(fact) for fact in facts), *(str(number) for number in numbers)]


@app.command()
def landmarks(count: Count = 20000, seed: Seed = 0, out: Out = Path("synthetic.csv")) -> None:
    """Write labelled landmarks with simulated detector errors to a CSV file."""
    from shared_features.landmarks.track_csv import IMAGE_COLUMNS, WORLD_COLUMNS
    from training.synthetic.samples import LANDMARKS_PER_GROUP, landmark_groups

    starts = range(0, -(-count // LANDMARKS_PER_GROUP), GROUPS_AT_ONCE)
    left = count
    try:
        with (
            atomic_write(out) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(["label", "group", "width", "height", *IMAGE_COLUMNS, *WORLD_COLUMNS])
            for start in _shown(starts, "Landmarks", len(starts)):
                n_groups = min(GROUPS_AT_ONCE, -(-left // LANDMARKS_PER_GROUP))
                samples = landmark_groups(seed, start, n_groups).rows(slice(left))
                writer.writerows(_landmark_rows(samples))
                left -= len(samples)
    except OSError as error:
        raise TrainingError(
            f"Cannot write {out}: {error.strerror}. Choose another --out."
        ) from error


@app.command()
def frames(count: Count = 200, seed: Seed = 0, out: Out = Path("synthetic_frames")) -> None:
    """Write rendered frames as JPEG files, and labels.csv with filename, label and group."""
    from PIL import Image

    from training.synthetic.frames import render_frames

    try:
        out.mkdir(parents=True, exist_ok=True)
        with (
            atomic_write(out / "labels.csv") as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(["filename", "label", "group"])
            for number, frame in enumerate(_shown(render_frames(count, seed), "Frames", count)):
                filename = f"synthetic_{seed}_{number:06d}.jpg"
                Image.fromarray(frame.rgb).save(out / filename, quality=92)
                writer.writerow([filename, frame.label, frame.group])
    except OSError as error:
        raise TrainingError(
            f"Cannot write to {out}: {error.strerror}. Choose another --out."
        ) from error


@app.command()
def video(seed: Seed = 0, out: Out = Path("synthetic.mp4")) -> None:
    """Write a routine as an H.264 video, and its labels as OUT_labels.csv next to it."""
    from shared_features.media.video.writer import VideoWriter
    from training.synthetic.performance import FRAME_HEIGHT, FRAME_WIDTH, performance_frames

    table = out.with_name(f"{out.stem}_labels.csv")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with (
            VideoWriter(out, FRAME_WIDTH, FRAME_HEIGHT) as encoder,
            atomic_write(table) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(["frame_number", "filename", "label", "pts_s"])
            for number, (rgb, pts_s, label) in enumerate(
                _shown(performance_frames(seed), "Frames", None)
            ):
                encoder.write(rgb, pts_s)
                writer.writerow([number, out.name, label, repr(pts_s)])
    except OSError as error:
        raise TrainingError(
            f"Cannot write {table}: {error.strerror}. Choose another --out."
        ) from error
    typer.echo(f"{out}\n{table}")
