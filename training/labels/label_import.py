"""Labels made elsewhere to label tables: everything is checked before anything is written."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared_features.params import MediaParams
from training.errors import LabelError
from training.labels.known_recordings import KnownRecordings
from training.labels.label_checks import OVERSHOOT_FRAMES, checked_labels, unknown_labels
from training.labels.label_claims import LabelClaim, LabelSource
from training.labels.label_csv import CsvColumns, read_label_csv
from training.labels.label_folder import read_label_folder
from training.labels.label_studio import read_label_studio
from training.labels.label_tables import LabelledRange, LabelTable, read_labels, write_labels
from training.params import DataParams
from training.recordings.catalog import Recording, labels_path, listed
from training.recordings.groups import GROUPS_FILE, DeclaredGroup, add_groups
from training.recordings.output_folder import prepare_folder

_EXPECTED = (
    "Expected a folder with a folder per label, a .csv file, or a .json export of Label Studio."
)


@dataclass(frozen=True)
class Imported:
    """What became of the labels.

    Attributes:
        written: number of label tables written.
        unchanged: number of label tables that were there already, with the same labels.
        kept: label tables that were there with other labels, and were left alone.
        frames_per_label: number of frames the source gives each label.
        grouped: number of recordings that the source puts into groups.
        warnings: sentences on what was left out.
    """

    written: int
    unchanged: int
    kept: tuple[str, ...]
    frames_per_label: dict[str, int]
    grouped: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ImportRequest:
    """What is to be imported.

    Attributes:
        source: a folder per label, a CSV file, or a JSON export of Label Studio.
        media: folders of the recordings, where the source does not say.
        columns: of a CSV file.
        replace: whether label tables that are there with other labels are overwritten.
    """

    source: Path
    media: Sequence[Path] = ()
    columns: CsvColumns = field(default_factory=CsvColumns)
    replace: bool = False


def import_labels(
    request: ImportRequest,
    data: DataParams,
    known_labels: Sequence[str],
    limits: MediaParams,
    advance: Callable[[int], None],
) -> Imported:
    """Write the label tables of a source, and its groups.

    Args:
        request: what to import.
        data: the folders.
        known_labels: the labels a frame may carry.
        limits: of videos whose frames have to be counted.
        advance: called with how many more recordings have been looked at.

    Raises:
        LabelError: naming all that is wrong with the source; nothing was written.
        TrainingError: the folder of label tables cannot be written to.
    """
    source = read_source(request, KnownRecordings(request.media, data))
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
            f"{source.path} cannot be imported, and nothing was written:\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )
    missing = sorted({claim.given for claim in source.claims if claim.recording is None})
    if not source.claims:
        raise LabelError(f"{source.path} has no labels in it: {' '.join(source.remarks)}")
    if not tables:
        raise LabelError(
            f"None of the {len(missing)} recordings in {source.path} is there: {listed(missing)}. "
            "Say with --media which folder they are in."
        )
    remarks = [*source.remarks, *_remarks(missing, cut)]
    return _write(source, tables, remarks, request.replace, data.labels)


def read_source(request: ImportRequest, known: KnownRecordings) -> LabelSource:
    """What the source says, unchecked.

    Raises:
        LabelError: it is not there, or none of the three kinds.
    """
    path = request.source
    if path.is_dir():
        return read_label_folder(path, known)
    if not path.is_file():
        raise LabelError(f"There is no {path}. {_EXPECTED}")
    if path.suffix.lower() == ".csv":
        return read_label_csv(path, request.media, known, request.columns)
    if path.suffix.lower() == ".json":
        return read_label_studio(path, known)
    raise LabelError(f"{path} is no source of labels. {_EXPECTED}")


def _remarks(missing: Sequence[str], cut: Sequence[str]) -> list[str]:
    remarks = []
    if missing:
        remarks.append(
            f"Labels of {len(missing)} recordings that are in no media or data folder were left "
            f"out: {listed(missing)}."
        )
    if cut:
        remarks.append(
            f"Labels that ended up to {OVERSHOOT_FRAMES} frames behind the last one were cut off "
            f"there: {listed(cut)}."
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
        there = _there(path)
        if there == table.ranges:
            unchanged += 1
        elif there is not None and not replace:
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
            f"{len(kept)} label tables are there with other labels and were left as they are: "
            f"{listed(kept)}. --replace overwrites them."
        )
    frames = _frames_per_label(table for _, table in tables)
    return Imported(written, unchanged, tuple(kept), frames, len(groups), tuple(warnings))


def _frames_per_label(tables: Iterable[LabelTable]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for table in tables:
        for labelled in table.ranges:
            counts[labelled.label] += labelled.last - labelled.first + 1
    return dict(counts)


def _there(path: Path) -> tuple[LabelledRange, ...] | None:
    """The labels that are there; None without a table, nothing if it is damaged."""
    if not path.is_file():
        return None
    try:
        return read_labels(path).ranges
    except LabelError:
        return ()
