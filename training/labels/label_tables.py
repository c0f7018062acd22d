"""Label tables: ``{kind}_{name}_labeled.csv`` with ``frame_number, filename, label``.

In memory, labels are ranges of frames, as a person enters and checks them. A table need not label
every frame: frames without a label are in no range.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from shared_features.runtime.atomic import atomic_write
from training.errors import LabelError, TableError
from training.recordings.catalog import listed
from training.tables.delimited import DelimitedTable, read_delimited
from training.tables.numbers import whole_number

LABEL_COLUMNS = ("frame_number", "filename", "label")
_PROBLEMS_SHOWN = 10


@dataclass(frozen=True, order=True)
class LabelledRange:
    """Consecutive frames with one label.

    Attributes:
        first: Number of the first frame.
        last: Number of the last frame, inclusive.
        label: Label of the frames.
    """

    first: int
    last: int
    label: str

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last:
            raise LabelError(
                f"Frames {self.first} to {self.last} are not a range; expected 0 ≤ first ≤ last."
            )


@dataclass(frozen=True)
class LabelTable:
    """The labels of one recording.

    Attributes:
        filename: File name of the recording, prefixed with its kind: ``video_routine.mp4``.
        ranges: Labelled ranges, in order and without overlap.
    """

    filename: str
    ranges: tuple[LabelledRange, ...]

    def __post_init__(self) -> None:
        for before, after in zip(self.ranges, self.ranges[1:], strict=False):
            if after.first <= before.last:
                raise LabelError(
                    f"{self.filename}: frames {before.first}–{before.last} ({before.label}) and "
                    f"{after.first}–{after.last} ({after.label}) overlap or are out of order."
                )

    def by_frame(self) -> dict[int, str]:
        """The label of each labelled frame, in order of frame numbers."""
        return {
            frame: labelled.label
            for labelled in self.ranges
            for frame in range(labelled.first, labelled.last + 1)
        }


def as_ranges(labels: Iterable[tuple[int, str]]) -> tuple[LabelledRange, ...]:
    """The longest possible ranges for frame numbers with labels, given in any order.

    >>> as_ranges([(0, "tree"), (1, "tree"), (3, "tree")])
    (LabelledRange(first=0, last=1, label='tree'), LabelledRange(first=3, last=3, label='tree'))
    """
    ordered = enumerate(sorted(labels))
    ranges = []
    for (label, _), group in groupby(ordered, key=lambda item: (item[1][1], item[1][0] - item[0])):
        frames = [frame for _, (frame, _) in group]
        ranges.append(LabelledRange(frames[0], frames[-1], label))
    return tuple(ranges)


def write_labels(table: LabelTable, path: Path) -> None:
    """Write a label table atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(LABEL_COLUMNS)
        writer.writerows(
            (frame, table.filename, label) for frame, label in table.by_frame().items()
        )


def read_labels(path: Path, known: Sequence[str] | None = None) -> LabelTable:
    """Read and check a label table.

    Args:
        path: Path of the table.
        known: Labels that a frame may have; None: any.

    Raises:
        LabelError: The table is missing, damaged or empty, or has unknown labels.
    """
    try:
        table = read_delimited(path, LABEL_COLUMNS.__contains__, may_be_empty=True)
    except TableError as error:
        raise LabelError(str(error)) from error
    missing = [name for name in LABEL_COLUMNS if name not in table.header]
    if missing:
        raise LabelError(
            f"{path} is not a label table: expected the columns {', '.join(LABEL_COLUMNS)}, got "
            f"{', '.join(table.header)}. `straps-train import-labels` reads tables with other "
            "columns."
        )
    if not table.rows:
        raise LabelError(f"{path} has a header but no rows. Label the recording, or remove it.")
    labels, problems = _labels_of(table)
    if problems:
        raise LabelError(f"{path} cannot be read: {'; '.join(problems)}.")
    filenames = sorted({row.cells["filename"] for row in table.rows})
    if len(filenames) != 1:
        raise LabelError(
            f"{path} has the labels of {len(filenames)} recordings ({listed(filenames)}), "
            "expected one."
        )
    if known is not None:
        check_labels(labels.values(), known, str(path))
    return LabelTable(filenames[0], as_ranges(labels.items()))


def _labels_of(table: DelimitedTable) -> tuple[dict[int, str], list[str]]:
    """The label of each frame, and sentences about rows without one or with a contradiction."""
    labels: dict[int, str] = {}
    problems = []
    for line, cells in table.rows:
        label = cells["label"]
        try:
            frame = whole_number(cells["frame_number"])
        except ValueError as error:
            problems.append(f"line {line}: {error}")
            continue
        if not label or not cells["filename"]:
            lacking = "filename" if label else "label"
            problems.append(f"line {line} has no {lacking}; complete or remove the line")
        elif labels.setdefault(frame, label) != label:
            problems.append(f"line {line}: frame {frame} is {labels[frame]!r} and {label!r}")
        if len(problems) == _PROBLEMS_SHOWN:
            return labels, [*problems, "and maybe more"]
    return labels, problems


def check_labels(labels: Iterable[str], known: Sequence[str], where: str) -> None:
    """Raise a ``LabelError`` unless all labels are known."""
    unknown = sorted(set(labels) - set(known))
    if unknown:
        raise LabelError(
            f"{where} has labels that are not in params.yaml: {listed(unknown)}. Known: "
            f"{', '.join(known)}. Correct the table, or add them under `labels`."
        )
