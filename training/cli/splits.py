"""``straps-train splits``: key moments of a reference found in other recordings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import Params
from training.words import counted

if TYPE_CHECKING:
    from shared_features.params import SharedParams
    from training.split_params import SplitParams
    from training.splits.recordings import SplitRecording

app = typer.Typer(
    help="Find key moments in other recordings: samples, features, training and score.",
    no_args_is_help=True,
)

ApproachOption = Annotated[
    str | None,
    typer.Option(help="alignment, classifier or regressor; default: training.splits.approach."),
]
_SAMPLES_FILE = "samples.csv"


@app.command("samples")
def samples(approach: ApproachOption = None, params: Params = None) -> None:
    """Write the pairs of clips that an approach learns from, as a table."""
    import csv
    from collections import Counter
    from dataclasses import asdict, fields

    from training.splits.approaches import APPROACHES
    from training.splits.samples import ClipPair

    how, _, recordings = _loaded(approach, params)
    kept, _ = _held_out(how, recordings)
    pairs = APPROACHES[how.approach](how).generate_samples(kept)
    path = how.folder / _SAMPLES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(ClipPair)])
        writer.writeheader()
        writer.writerows(asdict(pair) for pair in pairs)
    for kind, count in Counter(pair.kind for pair in pairs).items():
        print(f"  {kind:16} {count:>8}")
    print(f"{path}: {counted(len(pairs), 'pair')} of {counted(len(kept), 'recording')}")


@app.command("features")
def features(params: Params = None) -> None:
    """Compute and store the features of every recording."""
    how, _, recordings = _loaded(None, params)
    frames = sum(len(one.sequence) for one in recordings)
    print(
        f"{how.folder / 'features'}: {counted(len(recordings), 'recording')}, "
        f"{counted(frames, 'sample')}"
    )


@app.command("train")
def train(
    approach: ApproachOption = None,
    trials: Annotated[
        int, typer.Option(min=0, help="Settings to search by Optuna first; 0: none.")
    ] = 0,
    params: Params = None,
) -> None:
    """Train an approach on the recordings that are not held out."""
    from training.splits.approaches import APPROACHES
    from training.splits.search import search

    how, _, recordings = _loaded(approach, params)
    kept, _ = _held_out(how, recordings)
    if trials:
        how, share = search(how, kept, trials, print)
        print(f"best: {share:.0%} within 0.25 s; set these under training.splits in params.yaml")
        for name in ("alpha_split_0", "alpha", "beta_split_0", "beta", "clip_length"):
            print(f"  {name}: {getattr(how, name)}")
        for name in ("num_augmented", "add_position_feature", "add_percent_completion_feature"):
            print(f"  {name}: {str(getattr(how, name)).lower()}")
    APPROACHES[how.approach](how).train(kept, print)
    print(f"{how.approach}: trained on {counted(len(kept), 'recording')}")


@app.command("validate")
def validate(
    approach: Annotated[
        list[str] | None,
        typer.Option(help="Approach to score; may be repeated. Default: alignment."),
    ] = None,
    params: Params = None,
) -> None:
    """Score approaches on held-out recordings, in seconds, next to the trivial answer."""
    import json

    from training.splits.approaches import APPROACHES
    from training.splits.validation import HEADER, predictions, score, with_trivial

    how, _, recordings = _loaded(None, params)
    _, held = _held_out(how, recordings)
    scores = []
    print(HEADER)
    for name in with_trivial(_known(approach or [how.approach])):
        found = predictions(APPROACHES[name](how), held)
        scores.append(score(name, found))
        print(scores[-1].line())
    path = how.folder / "validation.json"
    path.write_text(json.dumps([one.values() for one in scores], indent=1), encoding="utf-8")
    held_out = counted(len(held), "held-out recording")
    print(f"{path}: {held_out}; errors in seconds, shares of all moments")


@app.command("inspect")
def inspect(
    approach: ApproachOption = None,
    num_samples: Annotated[
        int, typer.Option(min=0, help="Number of samples to show, drawn at random.")
    ] = 12,
    out: Annotated[
        Path | None, typer.Option(help="Path of the page. Default: inspection.html.")
    ] = None,
    params: Params = None,
) -> None:
    """Write a page of annotations, samples and predictions as frames side by side."""
    import numpy as np

    from training.splits.approaches import APPROACHES
    from training.splits.inspection import write_page
    from training.splits.validation import predictions

    how, shared, recordings = _loaded(approach, params)
    kept, held = _held_out(how, recordings)
    chosen = APPROACHES[how.approach](how)
    pairs = chosen.generate_samples(kept)
    rng = np.random.default_rng(how.seed)
    shown = rng.permutation(len(pairs))[:num_samples]
    path = out or how.folder / "inspection.html"
    found = predictions(chosen, held)
    write_page(path, recordings, [pairs[index] for index in shown], found, shared.media)
    print(
        f"{path}: {counted(len(recordings), 'recording')}, {counted(len(shown), 'sample')}, "
        f"{counted(len(found), 'prediction')}"
    )


def _loaded(
    approach: str | None, params: Path | None
) -> "tuple[SplitParams, SharedParams, list[SplitRecording]]":
    from training.params import load_all
    from training.splits.recordings import load_recordings

    shared, training = load_all(params)
    how = training.splits
    if approach is not None:
        how = how.model_copy(update={"approach": _known([approach])[0]})
    return how, shared, load_recordings(how, shared)


def _held_out(
    how: "SplitParams", recordings: "list[SplitRecording]"
) -> "tuple[list[SplitRecording], list[SplitRecording]]":
    from training.splits.recordings import held_out

    return held_out(recordings, how.val_ratio, how.seed)


def _known(names: list[str]) -> list[str]:
    from training.errors import TrainingError
    from training.splits.approaches import APPROACHES

    unknown = [name for name in names if name not in APPROACHES]
    if unknown:
        raise TrainingError(f"There is no approach {unknown}; known: {', '.join(APPROACHES)}.")
    return names
