"""Delimited text: finds the separator, and refuses rows that do not fit the header."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from training.errors import TableError
from training.tables.encoding import decoded

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_PROBLEMS_SHOWN = 10
_HEADER_WITHIN = 30
# What Excel writes in front of a header to tell itself the separator.
_SEPARATOR_LINE = "sep="


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        line: Number of its line in the file, from 1.
        cells: Text of each column, without surrounding blanks.
    """

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class DelimitedTable:
    """A table as text.

    Attributes:
        path: Path of the file.
        separator: Character between its columns.
        header: Names of its columns, as written.
        rows: Its rows; empty ones are left out.
        remarks: Sentences about what had to be guessed.
    """

    path: Path
    separator: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]


def read_delimited(
    path: Path, recognised: Callable[[str], bool], may_be_empty: bool = False
) -> DelimitedTable:
    """Read a table separated by commas, semicolons, tabs or vertical bars.

    Args:
        path: Path of the file.
        recognised: Whether the caller knows a column of this name. The separator that gives most
            such columns is taken.
        may_be_empty: Whether a header alone is a table.

    Raises:
        TableError: The file is no text, is empty, or has rows that do not fit its header. A table
            that is read in part could give a recording the wrong labels, so it is refused whole.
    """
    text, remark = decoded(path)
    lines = text.splitlines(keepends=True)
    skipped = 1 if lines and lines[0].strip().lower()[:-1] == _SEPARATOR_LINE else 0
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    if skipped == len(lines):
        raise TableError(f"{path} is empty, expected a table with a header.")
    separator = _separator(lines[skipped], recognised)
    _check_first_line(path, lines, skipped, separator, recognised)
    records = _records(path, lines[skipped:], separator, skipped)
    header = _header(path, records[0][1], separator)
    rows, problems = [], []
    for line, cells in records[1:]:
        while len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if not any(cells):
            continue
        if len(cells) != len(header):
            problems.append(f"line {line} has {len(cells)} cells instead of {len(header)}")
        elif stray := [cell for name, cell in zip(header, cells, strict=True) if cell and not name]:
            problems.append(f"line {line} has {stray[0]!r} in a column without a name")
        rows.append(Row(line, dict(zip(header, cells, strict=False))))
    if problems:
        rest = len(problems) - _PROBLEMS_SHOWN
        more = f"; and {rest} more" if rest > 0 else ""
        raise TableError(
            f"{path}, separated by {SEPARATORS[separator]}: "
            f"{'; '.join(problems[:_PROBLEMS_SHOWN])}{more}. Expected the columns "
            f"{', '.join(name for name in header if name)} in every line. Is a line cut short, or "
            "does a text that contains the separator lack its quotes?"
        )
    if not rows and not may_be_empty:
        raise TableError(f"{path} has a header but no rows.")
    remarks = (remark,) if remark else ()
    return DelimitedTable(path, separator, tuple(name for name in header), tuple(rows), remarks)


def _separator(header: str, recognised: Callable[[str], bool]) -> str:
    def fits(separator: str) -> tuple[int, int]:
        cells = _cells(header, separator)
        return sum(map(recognised, cells)), len(cells)

    return max(SEPARATORS, key=fits)


def _cells(line: str, separator: str) -> list[str]:
    cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    return [cell.strip() for cell in cells]


def _check_first_line(
    path: Path,
    lines: Sequence[str],
    first: int,
    separator: str,
    recognised: Callable[[str], bool],
) -> None:
    """Refuse a table with a title above its header, and say where the header seems to be."""
    if any(map(recognised, _cells(lines[first], separator))):
        return
    for number, line in enumerate(lines[first + 1 : _HEADER_WITHIN], first + 2):
        if sum(map(recognised, _cells(line, _separator(line, recognised)))) > 1:
            raise TableError(
                f"{path}: the header seems to be in line {number}, expected it in the first one. "
                "Remove the lines above it."
            )


def _records(
    path: Path, lines: Sequence[str], separator: str, skipped: int
) -> list[tuple[int, list[str]]]:
    """Number of the last line and cells of each record."""
    # Without strict, a quote that is not closed would swallow the rest of the file.
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    records, started = [], 1
    try:
        for cells in reader:
            line = started + skipped
            if any("\n" in cell or "\r" in cell for cell in cells):
                raise TableError(
                    f"{path}, line {line}: a quoted text contains a line break. Is a quote not "
                    "closed?"
                )
            records.append((line, [cell.strip() for cell in cells]))
            started = reader.line_num + 1
    except csv.Error as error:
        raise TableError(
            f"{path}, line {started + skipped}: a quote is not closed, or stands next to other "
            f'text ({error}). Expected "…" around the whole text, and "" for a quote in it.'
        ) from error
    return records


def _header(path: Path, cells: list[str], separator: str) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    names = [name for name in cells if name]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TableError(
            f"{path}, separated by {SEPARATORS[separator]}, has several columns named "
            f"{', '.join(map(repr, twice))}. Rename or remove all but one."
        )
    return cells
