"""``straps-train import-labels`` and ``apply-mirror-labels``."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.options import Params, print_counts, warn

app = typer.Typer()


@app.command("import-labels")
def import_labels(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder with one folder per label; a .csv file with the columns path and label, "
            "and optionally group, first_frame and last_frame (counted from 0, inclusive); or a "
            ".json export of Label Studio."
        ),
    ],
    params: Params = None,
    media: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder that the paths of a .csv or .json file are relative to; can be repeated. "
            "Default: the folder of the .csv file, and the data folders of params.yaml."
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Overwrite existing label tables that have other labels."),
    ] = False,
    path_column: Annotated[str, typer.Option(help="CSV column of the path.")] = "path",
    label_column: Annotated[str, typer.Option(help="CSV column of the label.")] = "label",
    group_column: Annotated[
        str, typer.Option(help="CSV column of the group; no split separates a group.")
    ] = "group",
    first_frame_column: Annotated[
        str, typer.Option(help="CSV column of the first frame.")
    ] = "first_frame",
    last_frame_column: Annotated[
        str, typer.Option(help="CSV column of the last frame.")
    ] = "last_frame",
) -> None:
    """Import labels made elsewhere. Existing tables with other labels are kept."""
    from training.labels.label_csv import CsvColumns
    from training.labels.label_import import ImportRequest
    from training.labels.label_import import import_labels as run
    from training.params import known_labels, load_all
    from training.runtime.progress_bar import progress_bar

    shared, training = load_all(params)
    columns = CsvColumns(
        path_column, label_column, group_column, first_frame_column, last_frame_column
    )
    request = ImportRequest(source, tuple(media or ()), columns, replace)
    with progress_bar("Checking recordings", None) as advance:
        imported = run(request, training.data, known_labels(shared.labels), shared.media, advance)
    warn(imported.warnings)
    print(
        f"{imported.written} label tables written, {imported.unchanged} up to date, "
        f"{len(imported.kept)} kept unchanged, in {training.data.labels}"
    )
    if imported.grouped:
        print(f"{imported.grouped} recordings have a group")
    print_counts(imported.frames_per_label)


@app.command("apply-mirror-labels")
def apply_mirror_labels(params: Params = None) -> None:
    """Copy the labels of originals to their mirrored copies."""
    from training.labels.mirrored_labels import apply_mirror_labels as run
    from training.params import known_labels, load_all
    from training.recordings.catalog import listed

    shared, training = load_all(params)
    applied = run(training.data, known_labels(shared.labels))
    if applied.without_labels:
        warn([f"The originals of these copies have no labels: {listed(applied.without_labels)}."])
    print(
        f"{applied.written} label tables of mirrored copies written, {applied.up_to_date} up to "
        f"date, {len(applied.without_labels)} without labels"
    )
