"""``straps-train import-labels``, ``apply-mirror-labels``, ``make-`` and ``combine-features``."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training.data.groups import Grouping

app = typer.Typer()

Params = Annotated[
    Path | None, typer.Option(help="Settings; default: $STRAPS_PARAMS or ./params.yaml.")
]


@app.command("import-labels")
def import_labels(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder with a folder per label; a .csv file with the columns path and label, "
            "and if you like group, first_frame and last_frame (counted from 0, last one "
            "included); or the .json export of Label Studio."
        ),
    ],
    params: Params = None,
    media: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder that the paths of a .csv or .json file are in; can be given several "
            "times. Default: the folder of the .csv file, and the data folders of params.yaml."
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Overwrite label tables that are there with other labels."),
    ] = False,
    path_column: Annotated[str, typer.Option(help="CSV column of the path.")] = "path",
    label_column: Annotated[str, typer.Option(help="CSV column of the label.")] = "label",
    group_column: Annotated[
        str, typer.Option(help="CSV column of the group; a group stays on one side of every split.")
    ] = "group",
    first_frame_column: Annotated[
        str, typer.Option(help="CSV column of the first frame.")
    ] = "first_frame",
    last_frame_column: Annotated[
        str, typer.Option(help="CSV column of the last frame.")
    ] = "last_frame",
) -> None:
    """Take over labels made elsewhere. Tables that are there with other labels are left alone."""
    from training.data.label_csv import CsvColumns
    from training.data.label_import import ImportRequest
    from training.data.label_import import import_labels as run
    from training.params import known_labels, load_all
    from training.progress import progress_bar

    shared, training = load_all(params)
    columns = CsvColumns(
        path_column, label_column, group_column, first_frame_column, last_frame_column
    )
    request = ImportRequest(source, tuple(media or ()), columns, replace)
    with progress_bar("Looking at recordings", None) as advance:
        imported = run(request, training.data, known_labels(shared.labels), shared.media, advance)
    _warn(imported.warnings)
    print(
        f"{imported.written} label tables written, {imported.unchanged} up to date, "
        f"{len(imported.kept)} kept as they were, in {training.data.labels}"
    )
    if imported.grouped:
        print(f"{imported.grouped} recordings have a group")
    _print_counts(imported.frames_per_label)


@app.command("apply-mirror-labels")
def apply_mirror_labels(params: Params = None) -> None:
    """Give mirrored copies the labels of their originals."""
    from training.data.mirrored_labels import apply_mirror_labels as run
    from training.data.recordings import listed
    from training.params import known_labels, load_all

    shared, training = load_all(params)
    applied = run(training.data, known_labels(shared.labels))
    if applied.without_labels:
        _warn([f"Originals without labels: those of {listed(applied.without_labels)}."])
    print(
        f"{applied.written} label tables of mirrored copies written, {applied.up_to_date} up to "
        f"date, {len(applied.without_labels)} without labels"
    )


@app.command("make-features")
def make_features(
    params: Params = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes side by side; default: one per core.")
    ] = None,
) -> None:
    """Make a feature table of each landmark table; those that are up to date are left alone."""
    from shared_features.features import FeatureSpec
    from training.data.feature_tables import feature_jobs, make_feature_tables
    from training.params import load_all
    from training.progress import progress_bar

    shared, training = load_all(params)
    data, mirror = training.data, training.make_features.mirror_landmarks
    spec = FeatureSpec(**shared.features.model_dump())
    total = len(feature_jobs(data.landmarks, data.features, spec, mirror))
    with progress_bar("Making features", total) as advance:
        made = make_feature_tables(data.landmarks, data.features, spec, mirror, workers, advance)
    if made.damaged:
        listing = "\n".join(f"  {reason}" for reason in made.damaged)
        _warn([f"{len(made.damaged)} landmark tables are damaged and were left out:\n{listing}"])
    print(
        f"{made.made} feature tables made, {made.up_to_date} up to date, {len(made.damaged)} "
        f"damaged, in {data.features}"
    )
    print(f"{made.frames} frames, {made.without_person} of them without a person")


@app.command("combine-features")
def combine_features(params: Params = None) -> None:
    """Put features and labels together into one table to train on."""
    from shared_features.features import FeatureSpec
    from training.data.combine import combine
    from training.params import known_labels, load_all
    from training.progress import progress_bar

    shared, training = load_all(params)
    spec = FeatureSpec(**shared.features.model_dump())
    with progress_bar("Combining tables", None) as advance:
        combined = combine(training.data, spec, known_labels(shared.labels), advance)
    _warn(combined.warnings)
    _print_counts(combined.rows_per_label)
    real = sum(combined.rows_per_label.values())
    print(
        f"{combined.path}: {combined.rows} rows of {combined.recordings} recordings, {real} real "
        f"and {combined.rows - real} mirrored"
    )
    _print_groups(combined.grouping)
    for first, second, reason in combined.alike:
        print(f"  {first} and {second}: {reason}")


def _print_groups(grouping: "Grouping") -> None:
    n_groups = len(set(grouping.of_recording.values()))
    print(f"{n_groups} groups that stay on one side of every split")
    reasons = ", ".join(f"{times} by {reason}" for reason, times in grouping.joined.items())
    print(f"  joined: {reasons}")


def _print_counts(frames: dict[str, int]) -> None:
    for label, count in frames.items():
        print(f"  {label:28} {count:>9}")


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        typer.echo(f"Warning: {warning}", err=True)
