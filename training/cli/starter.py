"""``straps-train starter``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import Params

if TYPE_CHECKING:
    from training.starter.detection import DetectedFrames, Footage

app = typer.Typer()


@app.command("starter")
def starter(
    params: Params = None,
    cache: Annotated[
        Path, typer.Option(help="Where finished parts are kept, so a stopped build can resume.")
    ] = Path("var/starter"),
) -> None:
    """Build the starter model from synthetic data (about 20 minutes on two cores)."""
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from shared_features.params import load_shared, relative_to_params
    from training.params import load_training
    from training.starter.build import build_starter, generate
    from training.starter.detection import detect_rendered, together

    shared, settings = load_shared(params), load_training(params).starter
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:

        def detected(footage: "Footage", n_frames: int) -> "DetectedFrames":
            drawing = progress.add_task(f"Rendering {footage}, detecting", total=n_frames)
            return detect_rendered(
                footage,
                n_frames,
                settings.seed,
                shared.pose,
                cache,
                lambda done: progress.update(drawing, completed=done),
            )

        rendered = together(
            detected("stills", settings.rendered_stills),
            detected("clips", settings.rendered_clip_frames),
        )
        generating = progress.add_task("Generating landmarks", total=settings.generated_samples)
        generated = generate(settings, lambda done: progress.update(generating, completed=done))
        progress.add_task("Training", total=None)
        output = relative_to_params(settings.output, params)
        report = build_starter(generated, rendered, settings, shared, output)
    metrics = report.contract.metrics
    print(f"{output} ({report.size_megabytes:.2f} MB)")
    print(f"macro F1 {metrics['macro_f1']:.3f} on {metrics['frames']} unseen rendered frames")
    for label, scores in metrics["per_label"].items():
        print(
            f"  {label:28} precision {scores['precision']:.2f}  recall {scores['recall']:.2f}  "
            f"F1 {scores['f1']:.2f}  ({scores['frames']} frames)"
        )
    print(
        f"parity: {report.parity.rows} rows, largest difference "
        f"{report.parity.max_difference:.1e}, {report.parity.differing_labels} labels differ"
    )
