"""``straps-train make-features`` and ``combine-features``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.options import SOME_FAILED, Params, print_counts, warn
from training.words import counted

if TYPE_CHECKING:
    from training.recordings.groups import Grouping
    from training.recordings.near_duplicates import NearDuplicates

app = typer.Typer()

_PAIRS_SHOWN = 20


@app.command("make-features")
def make_features(
    params: Params = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of processes; default: one per core.")
    ] = None,
) -> None:
    """Compute a feature table for each landmark table, unless it is up to date."""
    from shared_features.features.spec import FeatureSpec
    from training.data.feature_tables import feature_jobs, make_feature_tables
    from training.params import load_all
    from training.runtime.progress_bar import progress_bar

    shared, training = load_all(params)
    data, mirror = training.data, training.make_features.mirror_landmarks
    spec = FeatureSpec(**shared.features.model_dump())
    total = len(feature_jobs(data.landmarks, data.features, spec, mirror))
    with progress_bar("Making features", total) as advance:
        made = make_feature_tables(data.landmarks, data.features, spec, mirror, workers, advance)
    if made.damaged:
        listing = "\n".join(f"  {reason}" for reason in made.damaged)
        tables = counted(
            len(made.damaged), "damaged landmark table was", "damaged landmark tables were"
        )
        warn([f"{tables} left out:\n{listing}"])
    print(
        f"{counted(made.made, 'feature table')} made, {made.up_to_date:,} up to date, "
        f"{len(made.damaged):,} damaged, in {data.features}"
    )
    print(f"{counted(made.frames, 'frame')}, {made.without_person:,} of them without a person")
    if made.damaged:
        raise typer.Exit(SOME_FAILED)


@app.command("combine-features")
def combine_features(params: Params = None) -> None:
    """Combine features and labels into one table to train on."""
    from shared_features.features.spec import FeatureSpec
    from training.data.combine import combine
    from training.params import known_labels, load_all
    from training.runtime.progress_bar import progress_bar

    shared, training = load_all(params)
    spec = FeatureSpec(**shared.features.model_dump())
    with progress_bar("Combining tables", None) as advance:
        combined = combine(training.data, spec, known_labels(shared.labels), advance)
    warn(combined.warnings)
    print_counts(combined.rows_per_label)
    real = sum(combined.rows_per_label.values())
    print(
        f"{combined.path}: {counted(combined.rows, 'row')} of "
        f"{counted(combined.recordings, 'recording')}, {real:,} real and "
        f"{combined.rows - real:,} mirrored"
    )
    _print_groups(combined.grouping, combined.near_duplicates)


def _print_groups(grouping: "Grouping", duplicates: "Sequence[NearDuplicates]") -> None:
    from training.recordings.catalog import source_recording

    n_groups = len(set(grouping.of_recording.values()))
    print(f"{counted(n_groups, 'group')} that no split separates")
    reasons = [f"{reason} ({times})" for reason, times in grouping.joined.items() if times]
    if reasons:
        print(f"  joined by: {', '.join(reasons)}")
    # Mirrored copies and their originals are left out.
    pairs = [
        f"  {first} and {second}: {reason}"
        for first, second, reason in duplicates
        if source_recording(f"{first}.any") != source_recording(f"{second}.any")
    ]
    for line in pairs[:_PAIRS_SHOWN]:
        print(line)
    if len(pairs) > _PAIRS_SHOWN:
        print(f"  and {len(pairs) - _PAIRS_SHOWN} more pairs; final_features.json lists all")
