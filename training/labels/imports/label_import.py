"""Imports labels made elsewhere; everything is checked before anything is written."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared_features.params import MediaParams
from training.errors import LabelError
from training.labels.imports.formats import read_source
from training.labels.imports.label_checks import OVERSHOOT_FRAMES, checked_labels, unknown_labels
from training.labels.imports.label_csv import TableReading
from training.labels.known_recordings import KnownRecordings
from training.labels.label_claims import LabelClaim, LabelSource
from training.labels.label_tables import LabelledRange, LabelTable, read_labels, write_labels
from training.params import DataParams
from training.recordings.catalog import Recording, labels_path, listed
from training.recordings.groups import GROUPS_FILE, DeclaredGroup, add_groups
from training.recordings.output_folder import prepare_folder
from training.words import counted


@dataclass(frozen=True)
class Imported:
    """Result of an import.

    Attributes:
        written: Number of label tables written.
        unchanged: Number of label tables that already had the same labels.
        kept: Label tables that already had other labels and were not changed.
        frames_per_label: Number of frames with each label in the source.
        grouped: Number of recordings that the source puts into groups.
        warnings: Sentences about what was left out.
    """

    written: int
    unchanged: int
    kept: tuple[str, ...]
    frames_per_label: dict[str, int]
    grouped: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ImportRequest:
    """The labels to import.

    Attributes:
        source: Folder per label, or file of another tool.
        media: Folders of the recordings, if the source does not name them.
        reading: How a table is meant where its column names do not say so.
        replace: Whether to overwrite label tables that have other labels.
    """

    source: Path
    media: Sequence[Path] = ()
    reading: TableReading = field(default_factory=TableReading)
    replace: bool = False


def import_labels(
    request: ImportRequest,
    data: DataParams,
    known_labels: Sequence[str],
    limits: MediaParams,
    advance: Callable[[int], None],
) -> Imported:
    """Write the label tables and groups of a source.

    Args:
        request: Labels to import.
        data: Data folders.
        known_labels: Labels that a frame may have.
        limits: Limits for videos whose frames have to be counted.
        advance: Called with the number of recordings just checked.

    Raises:
        LabelError: The source is faulty; the message lists all faults, and nothing was written.
        TrainingError: The folder of label tables cannot be written to.
    """
    known = KnownRecordings(request.media, data)
    source = read_source(request.source, request.media, known, known_labels, request.reading)
    by_recording: dict[tuple[str, str], list[LabelClaim]] = defaultdict(list)
    for claim in source.claims:
        if claim.recording is not None:
            by_recording[claim.recording.kind, claim.recording.stem].append(claim)
    problems = [*source.problems, *unknown_labels(source.claims, known_labels)]
    tables: list[tuple[Recording, LabelTable]] = []
    cut, misplaced = [], False
    for claims in by_recording.values():
        checked = checked_labels(claims, data.landmarks, limits)
        problems += checked.problems
        misplaced = misplaced or checked.misplaced
        cut += [checked.table.filename] if checked.was_cut else []
        tables.append((checked.recording, checked.table))
        advance(1)
    if misplaced and source.range_hint:
        problems.append(source.range_hint)
    if problems:
        raise LabelError(
            f"{source.path} cannot be imported; nothing was written:\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )
    missing = sorted({claim.given for claim in source.claims if claim.recording is None})
    if not source.claims:
        raise LabelError(f"{source.path} has no labels: {' '.join(source.remarks)}")
    if not tables:
        raise LabelError(
            f"Not found: {counted(len(missing), 'recording')} in {source.path}, {listed(missing)}. "
            "Name the folder with --media."
        )
    remarks = [*source.remarks, *_remarks(missing, cut, source.range_hint)]
    return _write(source, tables, remarks, request.replace, data.labels)


def _remarks(missing: Sequence[str], cut: Sequence[str], hint: str) -> list[str]:
    remarks = []
    if missing:
        remarks.append(
            f"Left out the labels of {counted(len(missing), 'recording')} that are in no media or "
            f"data folder: {listed(missing)}."
        )
    if cut:
        remarks.append(
            f"Labels that ended up to {OVERSHOOT_FRAMES} frames after the last frame were "
            f"shortened: {listed(cut)}. {hint}".strip()
        )
    return remarks


def _write(
    source: LabelSource,
    tables: Sequence[tuple[Recording, LabelTable]],
    remarks: Sequence[str],
    replace: bool,
    folder: Path,
) -> Imported:
    prepare_folder(folder)
    written, unchanged, kept = 0, 0, []
    for recording, table in tables:
        path = labels_path(folder, recording.kind, recording.name)
        existing = _existing_labels(path)
        if existing == table.ranges:
            unchanged += 1
        elif existing is not None and not replace:
            kept.append(path.name)
        else:
            write_labels(table, path)
            written += 1
    groups = {
        DeclaredGroup(claim.recording.filename, claim.group)
        for claim in source.claims
        if claim.recording is not None and claim.group is not None
    }
    if groups:
        add_groups(folder / GROUPS_FILE, groups)
    warnings = list(remarks)
    if kept:
        warnings.append(
            f"Not changed, since they have other labels: {listed(kept)}. --replace overwrites them."
        )
    frames = _frames_per_label(table for _, table in tables)
    return Imported(written, unchanged, tuple(kept), frames, len(groups), tuple(warnings))


def _frames_per_label(tables: Iterable[LabelTable]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for table in tables:
        for labelled in table.ranges:
            counts[labelled.label] += labelled.last - labelled.first + 1
    return dict(counts)


def _existing_labels(path: Path) -> tuple[LabelledRange, ...] | None:
    """The labels of an existing table, empty if it is damaged; None if there is no table."""
    if not path.is_file():
        return None
    try:
        return read_labels(path).ranges
    except LabelError:
        return ()
