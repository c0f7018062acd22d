"""Gives mirrored copies the labels of their originals; no label depends on left and right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.errors import LabelError
from training.labels.label_tables import LabelTable, read_labels, write_labels
from training.params import DataParams
from training.recordings.catalog import (
    MIRRORED_PREFIX,
    SUFFIXES,
    Recording,
    labels_path,
    recordings_below,
)
from training.recordings.output_folder import prepare_folder


@dataclass(frozen=True)
class MirrorLabels:
    """Result of labelling the mirrored copies.

    Attributes:
        written: Number of label tables written.
        up_to_date: Number of label tables that already had the same labels.
        without_labels: Names of copies whose original has no labels.
    """

    written: int
    up_to_date: int
    without_labels: tuple[str, ...]


def apply_mirror_labels(data: DataParams, known: Sequence[str]) -> MirrorLabels:
    """Write the label table of each mirrored copy among the prepared recordings.

    Args:
        data: Data folders.
        known: Labels that a frame may have.

    Raises:
        LabelError: Label tables of originals are damaged; the message lists all of them, and
            nothing was written.
        TrainingError: The folder of label tables cannot be written to.
    """
    tables, problems, without = [], [], []
    for recording in _mirrored_copies(data):
        original = recording.name.removeprefix(MIRRORED_PREFIX)
        path = labels_path(data.labels, recording.kind, original)
        if not path.is_file():
            without.append(recording.name)
            continue
        try:
            labels = read_labels(path, known)
        except LabelError as error:
            problems.append(str(error))
        else:
            tables.append((recording, LabelTable(recording.filename, labels.ranges)))
    if problems:
        raise LabelError("\n".join(problems))
    prepare_folder(data.labels)
    written = 0
    for recording, table in tables:
        path = labels_path(data.labels, recording.kind, recording.name)
        if not path.is_file() or read_labels(path) != table:
            write_labels(table, path)
            written += 1
    return MirrorLabels(written, len(tables) - written, tuple(without))


def _mirrored_copies(data: DataParams) -> Iterator[Recording]:
    folders = {"video": data.interim_videos, "photo": data.interim_photos}
    for kind in SUFFIXES:
        for recording in recordings_below(folders[kind], kind):
            if recording.name.startswith(MIRRORED_PREFIX):
                yield recording
