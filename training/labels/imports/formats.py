"""Recognises the format of a label source by its content."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from training.errors import LabelError, TableError
from training.labels.imports.boris import (
    is_boris_project,
    is_boris_table,
    read_boris_project,
    read_boris_table,
)
from training.labels.imports.coco import is_coco, read_coco
from training.labels.imports.cvat import read_cvat
from training.labels.imports.elan import read_elan
from training.labels.imports.json_file import read_json
from training.labels.imports.label_csv import TableReading, labels_of_table, wanted
from training.labels.imports.label_folder import read_label_folder
from training.labels.imports.label_studio import read_label_studio
from training.labels.imports.label_studio_flat import (
    is_json_min,
    is_label_studio_table,
    read_json_min,
    read_label_studio_table,
)
from training.labels.imports.xml_file import read_xml
from training.labels.known_recordings import KnownRecordings
from training.labels.label_claims import LabelSource
from training.tables.delimited import read_delimited

_TABLES = (".csv", ".tsv", ".tab", ".txt")
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
EXPECTED = (
    "Expected a folder with one folder per label; a table (.csv, .tsv); or an export of Label "
    "Studio (.json, .csv), CVAT (.xml), COCO (.json), BORIS (.boris, .csv, .tsv) or ELAN (.eaf)."
)


def read_source(
    path: Path,
    media: Sequence[Path],
    known: KnownRecordings,
    known_labels: Sequence[str],
    reading: TableReading,
) -> LabelSource:
    """The labels of a source, unchecked.

    Args:
        path: Path of the folder or file.
        media: Folders that paths in a table are relative to; empty: its own folder.
        known: Recordings to match names with.
        known_labels: Labels that a frame may have.
        reading: How a table is meant where its column names do not say so.

    Raises:
        LabelError: The source does not exist, is not of a known format, or cannot be read for
            certain.
    """
    if path.is_dir():
        return read_label_folder(path, known)
    if not path.is_file():
        raise LabelError(f"{path} does not exist. {EXPECTED}")
    ending = path.suffix.lower()
    if ending in _SPREADSHEETS:
        raise LabelError(
            f"{path} is a spreadsheet. Save the sheet with the labels as `CSV UTF-8` and give that "
            "file."
        )
    try:
        if ending in _TABLES:
            return _of_table(path, media, known, reading)
        if ending in (".xml", ".eaf"):
            return _of_xml(path, known, known_labels)
        if ending in (".json", ".boris"):
            return _of_json(path, known)
    except TableError as error:
        raise LabelError(str(error)) from error
    raise LabelError(f"{path} is not a source of labels. {EXPECTED}")


def _of_table(
    path: Path, media: Sequence[Path], known: KnownRecordings, reading: TableReading
) -> LabelSource:
    table = read_delimited(path, partial(wanted, reading.columns))
    if is_boris_table(table.header):
        return read_boris_table(table, known)
    if is_label_studio_table(table.header):
        return read_label_studio_table(table, known)
    return labels_of_table(table, media, known, reading)


def _of_xml(path: Path, known: KnownRecordings, known_labels: Sequence[str]) -> LabelSource:
    root = read_xml(path)
    if root.tag == "ANNOTATION_DOCUMENT":
        return read_elan(path, root, known, known_labels)
    if root.tag == "annotations":
        return read_cvat(path, root, known)
    raise LabelError(
        f"{path} is neither an export of CVAT (<annotations>) nor an ELAN document, but "
        f"<{root.tag}>. {EXPECTED}"
    )


def _of_json(path: Path, known: KnownRecordings) -> LabelSource:
    content = read_json(path)
    if is_coco(content):
        return read_coco(path, content, known)
    if is_boris_project(content):
        return read_boris_project(path, content, known)
    if is_json_min(content):
        return read_json_min(path, content, known)
    return read_label_studio(path, content, known)
