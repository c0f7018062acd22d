"""Tables of scores: one row for each clip, or for each clip and rater.

Columns: ``path``; one of ``score`` (0 to 100), ``correct`` (yes or no) and ``label``; and
optionally ``rater``, ``start_s``, ``end_s`` and ``group``.
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.errors import LabelError
from training.recordings.catalog import listed
from training.sequence.data.clips import Target

TARGETS: dict[Target, str] = {"points": "score", "correct": "correct", "labels": "label"}
_YES = frozenset({"1", "yes", "true", "correct"})
_NO = frozenset({"0", "no", "false", "incorrect"})
_MAX_LISTED = 10


@dataclass(frozen=True)
class Rating:
    """A row of the table.

    Attributes:
        line: Line of the file, for messages.
        path: The recording, as written.
        start_s: Beginning of the clip in seconds; 0 if not given.
        end_s: End of the clip; infinite if not given.
        points: Points from 0 to 100 (a correct clip has 100); NaN in a table of labels.
        label: The label; empty in a table of scores.
        rater: Who gave it; empty if not said.
        group: Performer or session; empty if not said.
    """

    line: int
    path: str
    start_s: float
    end_s: float
    points: float
    label: str
    rater: str
    group: str

    @property
    def clip(self) -> tuple[str, float, float]:
        """What was rated."""
        return self.path, self.start_s, self.end_s


@dataclass(frozen=True)
class Ratings:
    """A table of scores or labels.

    Attributes:
        rows: Its rows.
        kind: What they say.
    """

    rows: tuple[Rating, ...]
    kind: Target


def read_ratings(path: Path, columns: Mapping[str, str] | None = None) -> Ratings:
    """Read a table; all problems of it are reported at once.

    Args:
        path: A ``.csv`` file.
        columns: Names that columns have in this file, by their usual names.

    Raises:
        LabelError: The file is missing, damaged or empty, or has impossible values.
    """
    names = dict(columns or {})
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = tuple(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, ValueError, csv.Error) as error:
        raise LabelError(
            f"{path} cannot be read as a table of scores ({error}). Expected a CSV file with the "
            "columns path and score; docs/training.md describes it."
        ) from error
    kind = _kind(path, header, names)
    problems: list[str] = []
    ratings = [
        rating for line, row in rows if (rating := _rating(line, row, kind, names, problems))
    ]
    _check_contradictions(ratings, problems)
    if problems:
        shown = "\n".join(f"  {problem}" for problem in problems[:_MAX_LISTED])
        more = len(problems) - _MAX_LISTED
        raise LabelError(
            f"{path} has {len(problems)} problem{'s' * (len(problems) > 1)}:\n{shown}"
            + (f"\n  and {more} more" if more > 0 else "")
        )
    if not ratings:
        raise LabelError(f"{path} has no rows. Add one for each clip.")
    return Ratings(tuple(ratings), kind)


def _kind(path: Path, header: tuple[str, ...], names: Mapping[str, str]) -> Target:
    found = [kind for kind, name in TARGETS.items() if names.get(name, name) in header]
    path_column = names.get("path", "path")
    if path_column not in header or len(found) != 1:
        raise LabelError(
            f"{path} has the columns {', '.join(header) or 'nothing'}; expected "
            f"{path_column!r} and one of 'score', 'correct' and 'label'."
        )
    return found[0]


def _rating(
    line: int,
    row: Mapping[str, str | None],
    kind: Target,
    names: Mapping[str, str],
    problems: list[str],
) -> Rating | None:
    values = {
        name: (row.get(names.get(name, name)) or "").strip()
        for name in ("path", TARGETS[kind], "rater", "start_s", "end_s", "group")
    }
    given = values[TARGETS[kind]]
    points = _points(given, kind)
    start_s, end_s = _number(values["start_s"], 0.0), _number(values["end_s"], math.inf)
    wrong = []
    if not values["path"]:
        wrong.append("has no path")
    if kind == "points" and not 0 <= points <= 100:
        wrong.append(f"has the score {given!r}, expected a number from 0 to 100")
    if kind == "correct" and math.isnan(points):
        wrong.append(f"has {given!r} under correct, expected yes or no")
    if kind == "labels" and not given:
        wrong.append("has no label")
    if not (start_s >= 0 and end_s > start_s):
        wrong.append(
            f"is from {values['start_s'] or 0!r} to {values['end_s'] or 'the end'!r} s, expected "
            "seconds, the end after the start"
        )
    problems += [f"line {line} {problem}" for problem in wrong]
    if wrong:
        return None
    return Rating(
        line=line,
        path=values["path"],
        start_s=start_s,
        end_s=end_s,
        points=points,
        label=given if kind == "labels" else "",
        rater=values["rater"],
        group=values["group"],
    )


def _points(given: str, kind: Target) -> float:
    if kind == "correct":
        word = given.lower()
        return 100.0 if word in _YES else 0.0 if word in _NO else math.nan
    return _number(given, math.nan) if kind == "points" else math.nan


def _number(text: str, missing: float) -> float:
    try:
        return float(text) if text else missing
    except ValueError:
        return math.nan


def _check_contradictions(ratings: list[Rating], problems: list[str]) -> None:
    """A rater rates a clip once, and a clip has one label and one group."""
    seen: dict[tuple[tuple[str, float, float], str], Rating] = {}
    for rating in ratings:
        before = seen.setdefault((rating.clip, rating.rater), rating)
        if before is not rating:
            who = f" by {rating.rater}" if rating.rater else ""
            problems.append(
                f"line {rating.line} rates {rating.path} again{who}, after line {before.line}; "
                "name different raters under rater, or remove one"
            )
    groups: dict[str, set[str]] = {}
    for rating in ratings:
        groups.setdefault(rating.path, set()).add(rating.group)
    torn = sorted(path for path, names in groups.items() if len(names) > 1)
    if torn:
        problems.append(f"these recordings are in several groups: {listed(torn)}")
