"""``straps-train import-labels`` and ``apply-mirror-labels``."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.options import Params, print_counts, warn
from training.words import counted

app = typer.Typer()

_RECOGNISED = "Default: recognised by its name."


@app.command("import-labels")
def import_labels(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder with one folder per label; a table (.csv, .tsv) with a row per "
            "recording, per range of frames or of time, or per frame; or an export of Label "
            "Studio, CVAT, COCO, BORIS or ELAN."
        ),
    ],
    params: Params = None,
    media: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder that the paths in the source are relative to; can be repeated. "
            "Default: the folder of a table, and the data folders of params.yaml."
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Overwrite existing label tables that have other labels."),
    ] = False,
    path_column: Annotated[
        str | None, typer.Option(help=f"Table column of the path of the recording. {_RECOGNISED}")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help=f"Table column of the label. {_RECOGNISED}")
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option(help=f"Table column of the group; no split separates a group. {_RECOGNISED}"),
    ] = None,
    first_frame_column: Annotated[
        str | None, typer.Option(help=f"Table column of the first frame of a range. {_RECOGNISED}")
    ] = None,
    last_frame_column: Annotated[
        str | None, typer.Option(help=f"Table column of the last frame of a range. {_RECOGNISED}")
    ] = None,
    frame_column: Annotated[
        str | None,
        typer.Option(
            help=f"Table column of the frame number, if each row is one frame. {_RECOGNISED}"
        ),
    ] = None,
    start_column: Annotated[
        str | None,
        typer.Option(help=f"Table column of the start of a range in seconds. {_RECOGNISED}"),
    ] = None,
    end_column: Annotated[
        str | None,
        typer.Option(help=f"Table column of the end of a range in seconds. {_RECOGNISED}"),
    ] = None,
    duration_column: Annotated[
        str | None,
        typer.Option(help=f"Table column of the duration of a range in seconds. {_RECOGNISED}"),
    ] = None,
    ignore_column: Annotated[
        list[str] | None, typer.Option(help="Table column that is not needed; can be repeated.")
    ] = None,
    frames_from: Annotated[
        int, typer.Option(min=0, max=1, help="Number of a recording's first frame in the table.")
    ] = 0,
    end_exclusive: Annotated[
        bool,
        typer.Option("--end-exclusive", help="A range ends before its last frame, not with it."),
    ] = False,
) -> None:
    """Import labels made elsewhere. Existing tables with other labels are kept."""
    from training.labels.imports.label_columns import LabelColumns
    from training.labels.imports.label_csv import TableReading
    from training.labels.imports.label_import import ImportRequest
    from training.labels.imports.label_import import import_labels as run
    from training.params import known_labels, load_all
    from training.runtime.progress_bar import progress_bar

    shared, training = load_all(params)
    columns = LabelColumns(
        path=path_column,
        label=label_column,
        group=group_column,
        first_frame=first_frame_column,
        last_frame=last_frame_column,
        frame=frame_column,
        start=start_column,
        end=end_column,
        duration=duration_column,
    )
    reading = TableReading(columns, tuple(ignore_column or ()), frames_from, end_exclusive)
    request = ImportRequest(source, tuple(media or ()), reading, replace)
    with progress_bar("Checking recordings", None) as advance:
        imported = run(request, training.data, known_labels(shared.labels), shared.media, advance)
    warn(imported.warnings)
    print(
        f"{counted(imported.written, 'label table')} written, {imported.unchanged:,} up to date, "
        f"{len(imported.kept):,} kept unchanged, in {training.data.labels}"
    )
    if imported.grouped:
        print(f"{counted(imported.grouped, 'recording has', 'recordings have')} a group")
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
    tables = counted(applied.written, "label table")
    print(
        f"{tables} of mirrored copies written, {applied.up_to_date:,} up to date, "
        f"{len(applied.without_labels):,} without labels"
    )
