"""Combines feature tables and label tables into one: ``final_features.csv``.

Rows are copied as text, so that no digit changes, and one at a time, so that memory use does not
grow with the data.
"""

import csv
import difflib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TextIO

from shared_features.features.spec import FeatureSpec
from shared_features.runtime.atomic import atomic_write
from training.data.dataset import DATASET_FILE, FACT_COLUMNS, settings_file
from training.data.feature_rows import FRAME_COLUMNS
from training.data.feature_tables import FEATURES_ENDING, made_with
from training.errors import DatasetError, LabelError
from training.labels.label_tables import LabelTable, read_labels
from training.params import DataParams
from training.recordings.catalog import count_recordings, listed
from training.recordings.groups import GROUPS_FILE, Grouping, group_recordings, read_groups
from training.recordings.near_duplicates import NearDuplicates, near_duplicates, stored_fingerprints
from training.recordings.output_folder import prepare_folder
from training.words import counted

_LABELS_ENDING = "_labeled.csv"
# How alike two names must be for one to be a misspelling of the other: routine_1 and routine_2 are
# 0.89 alike.
_NEARLY = 0.92


@dataclass(frozen=True)
class Combined:
    """The combined table.

    Attributes:
        path: Path of the table.
        rows: Number of rows, augmented ones included.
        rows_per_label: Number of rows of each label, without augmented ones.
        recordings: Number of recordings in the table.
        grouping: Group of each recording.
        near_duplicates: Near-duplicates among the recordings.
        warnings: Sentences about what was left out or may be wrong.
    """

    path: Path
    rows: int
    rows_per_label: dict[str, int]
    recordings: int
    grouping: Grouping
    near_duplicates: tuple[NearDuplicates, ...]
    warnings: tuple[str, ...]


@dataclass
class _Tally:
    """Counts over all tables combined so far."""

    rows: int = 0
    unlabelled_frames: int = 0

    def __post_init__(self) -> None:
        self.recordings: list[str] = []
        self.without_person: list[str] = []
        self.rows_per_label: dict[str, int] = {}
        self.partly_labelled: list[str] = []
        self.labelled_past_end: list[str] = []


def combine(
    data: DataParams, spec: FeatureSpec, known: Sequence[str], advance: Callable[[int], None]
) -> Combined:
    """Write ``final_features.csv``.

    Labels and features are matched by kind, stem and frame number, so labels made on
    ``routine.mov`` fit the reduced ``routine.mp4``.

    Args:
        data: Data folders.
        spec: Features that the tables must have.
        known: Labels that a frame may have.
        advance: Called with the number of feature tables just combined.

    Raises:
        DatasetError: No feature table has labels, or some were made with other feature settings.
        LabelError: Label tables are damaged or contain unknown labels.
        TrainingError: The folder cannot be written to.
    """
    tables = _tables(data.features, FEATURES_ENDING)
    labels = _tables(data.labels, _LABELS_ENDING)
    together = sorted(set(tables) & set(labels))
    if not together:
        raise DatasetError(_nothing_fits(data, tables, labels))
    _check_settings([tables[recording] for recording in together], spec)
    label_tables = _read_label_tables([labels[recording] for recording in together], known)
    fingerprints, not_compared = stored_fingerprints(data.landmarks, together)
    duplicates = near_duplicates(fingerprints)
    grouping = group_recordings(together, read_groups(data.labels / GROUPS_FILE), duplicates)
    elsewhere = _declared_elsewhere(data, grouping.unknown, [*tables, *labels])
    prepare_folder(data.final_features)
    path = data.final_features / DATASET_FILE
    tally = _Tally()
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        csv.writer(file, lineterminator="\n").writerow([*FACT_COLUMNS, *spec.columns])
        for recording, label_table in zip(together, label_tables, strict=True):
            group = grouping.of_recording[recording]
            _append(file, tables[recording], label_table, group, spec, tally)
            advance(1)
        if not tally.rows:
            raise DatasetError(
                "No labelled frame shows a person. Check that the label tables in "
                f"{data.labels} belong to the recordings whose features are in "
                f"{data.features}."
            )
    _write_settings(path, spec, duplicates)
    return Combined(
        path=path,
        rows=tally.rows,
        rows_per_label={label: tally.rows_per_label.get(label, 0) for label in known},
        recordings=count_recordings(tally.recordings),
        grouping=grouping,
        near_duplicates=tuple(duplicates),
        warnings=(*_warnings(tables, labels, tally, not_compared), *elsewhere),
    )


def _tables(folder: Path, ending: str) -> dict[str, Path]:
    """The tables of a folder, by kind and stem of their recording."""
    return {path.name.removesuffix(ending): path for path in sorted(folder.glob(f"[!.]*{ending}"))}


def _nothing_fits(data: DataParams, tables: Mapping[str, Path], labels: Mapping[str, Path]) -> str:
    return (
        f"Nothing to combine: {counted(len(tables), 'feature table')} in {data.features} and "
        f"{counted(len(labels), 'label table')} in {data.labels} have no recording in common."
        + (f" There are features of {listed(tables, 3)}." if tables else "")
        + (f" There are labels of {listed(labels, 3)}." if labels else "")
        + " Label recordings or import labels, extract their landmarks, and make features."
    )


def _declared_elsewhere(
    data: DataParams, unknown: Sequence[str], recordings: Sequence[str]
) -> list[str]:
    """A sentence about names in ``groups.csv`` that no recording has.

    Raises:
        LabelError: One of them is nearly that of a recording: what was declared together would be
            split.
    """
    path = data.labels / GROUPS_FILE
    unknown = [name for name in unknown if PurePath(name).stem not in recordings]
    misspelt = []
    for name in unknown:
        stem = PurePath(name).stem
        if near := difflib.get_close_matches(stem, recordings, n=1, cutoff=_NEARLY):
            misspelt.append(f"{name} (did you mean {near[0]}?)")
    if misspelt:
        raise LabelError(
            f"{path} names recordings that do not exist: {listed(misspelt)}. Correct the names, or "
            "remove their lines."
        )
    if not unknown:
        return []
    return [f"{path} also names recordings without tables: {listed(unknown)}."]


def _check_settings(tables: Sequence[Path], spec: FeatureSpec) -> None:
    other = [table.name for table in tables if made_with(table).get("features") != spec.hash]
    if other:
        raise DatasetError(
            f"Made with other feature settings than those in params.yaml (hash {spec.hash}): "
            f"{listed(other)}. Run `straps-train make-features` again."
        )


def _read_label_tables(paths: Sequence[Path], known: Sequence[str]) -> list[LabelTable]:
    tables, problems = [], []
    for path in paths:
        try:
            tables.append(read_labels(path, known))
        except LabelError as error:
            problems.append(str(error))
    if problems:
        raise LabelError("\n".join(problems))
    return tables


def _append(
    file: TextIO,
    table: Path,
    labels: LabelTable,
    group: str,
    spec: FeatureSpec,
    tally: _Tally,
) -> None:
    """Copy the labelled rows of a feature table."""
    by_frame = labels.by_frame()
    fields = {label: _field(label) for label in set(by_frame.values())}
    group = _field(group)
    rows_before, unlabelled = tally.rows, 0
    for frame_number, pts_s, filename, augmented, features in _rows(table, spec):
        label = by_frame.get(frame_number)
        if label is None:
            unlabelled += not augmented
            continue
        file.write(
            f"{filename},{frame_number},{pts_s},{group},{augmented},{fields[label]},{features}\n"
        )
        tally.rows += 1
        if not augmented:
            tally.rows_per_label[label] = tally.rows_per_label.get(label, 0) + 1
    found = tally.recordings if tally.rows > rows_before else tally.without_person
    found.append(labels.filename)
    if unlabelled:
        tally.unlabelled_frames += unlabelled
        tally.partly_labelled.append(table.name)
    frames = made_with(table).get("frames")
    if isinstance(frames, int) and max(by_frame) >= frames:
        tally.labelled_past_end.append(f"{labels.filename} ({max(by_frame)} of {frames} frames)")


def _rows(table: Path, spec: FeatureSpec) -> Iterator[tuple[int, str, str, int, str]]:
    """Frame number, time, file name, whether augmented, and all features as text."""
    separators = len(FRAME_COLUMNS) + len(spec.columns) - 1
    try:
        with table.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader([file.readline()]), [])
            if header != [*FRAME_COLUMNS, *spec.columns]:
                raise ValueError("its columns are different")
            filename = ""
            for line in file:
                frame_number, pts_s, rest = line.rstrip("\n").split(",", 2)
                if not filename:
                    filename = _field(next(csv.reader([rest]))[0])
                    separators += filename.count(",")
                if line.count(",") != separators or not rest.startswith(f"{filename},"):
                    raise ValueError(f"frame {frame_number} is incomplete")
                augmented, features = rest[len(filename) + 1 :].split(",", 1)
                yield int(frame_number), pts_s, filename, int(augmented), features
    except (OSError, ValueError, csv.Error) as error:
        raise DatasetError(
            f"{table} cannot be read as a feature table ({error}). Remove it and run "
            "`straps-train make-features` again."
        ) from error


def _field(text: str) -> str:
    """A text quoted as a field of a CSV file."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([text])
    return line.getvalue()


def _write_settings(path: Path, spec: FeatureSpec, duplicates: Sequence[NearDuplicates]) -> None:
    content = {"features": spec.hash, "near_duplicates": duplicates}
    with atomic_write(settings_file(path)) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _warnings(
    tables: Mapping[str, Path],
    labels: Mapping[str, Path],
    tally: _Tally,
    not_compared: Sequence[str],
) -> Iterator[str]:
    parts = []
    if unlabelled := [path.name for name, path in tables.items() if name not in labels]:
        tables_left = counted(len(unlabelled), "feature table")
        parts.append(f"{tables_left} without labels: {listed(unlabelled)}")
    if tally.partly_labelled:
        parts.append(
            f"{counted(tally.unlabelled_frames, 'frame')} without a label, in "
            f"{listed(tally.partly_labelled)}"
        )
    if featureless := [path.name for name, path in labels.items() if name not in tables]:
        tables_left = counted(len(featureless), "label table")
        parts.append(f"{tables_left} without features: {listed(featureless)}")
    if tally.without_person:
        parts.append(
            f"labelled recordings without a person in any labelled frame: "
            f"{listed(tally.without_person)}"
        )
    if tally.labelled_past_end:
        parts.append(f"labels after the last frame: {listed(tally.labelled_past_end)}")
    if parts:
        yield "Left out: " + "; ".join(parts) + "."
    if not_compared:
        yield (
            "Not searched for near-duplicates, since their landmark tables come without image "
            f"hashes: {listed(not_compared)}. Extract their landmarks again to compare them."
        )
