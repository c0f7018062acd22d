"""Label Studio's flat exports: JSON-MIN, and CSV or TSV with JSON in their cells.

A task is flattened: its data, and the results by the name of their control tag. Only the shape of a
value tells what it is, so results are recognised by their keys.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.labels.imports.json_file import UNEXPECTED
from training.labels.imports.label_studio import RANGE_HINT, media_path, recording_of, spans
from training.labels.known_recordings import KnownRecordings
from training.labels.label_claims import LabelClaim, LabelSource
from training.tables.delimited import DelimitedTable

# Columns that Label Studio adds to every flat export.
_FACTS = {"annotation_id", "annotator", "created_at", "id", "lead_time", "updated_at"}


def is_label_studio_table(header: Sequence[str]) -> bool:
    """Whether a table has the columns that Label Studio adds."""
    return {"annotation_id", "annotator", "lead_time"} <= set(header)


def is_json_min(content: Any) -> bool:
    """Whether JSON content is a list of flattened tasks."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(task, dict) and "annotation_id" in task for task in content)
    )


def read_json_min(
    path: Path, content: Sequence[Mapping[str, Any]], known: KnownRecordings
) -> LabelSource:
    """Read the tasks of a JSON-MIN export."""
    tasks = [(f"task {task.get('id', number)}", task) for number, task in enumerate(content, 1)]
    return _source(path, tasks, known)


def read_label_studio_table(table: DelimitedTable, known: KnownRecordings) -> LabelSource:
    """Read the tasks of a CSV or TSV export."""
    tasks = []
    for row in table.rows:
        task = {name: _value(text) for name, text in row.cells.items() if text}
        tasks.append((f"line {row.line}", task))
    return _source(table.path, tasks, known)


def _value(text: str) -> Any:
    """A cell: JSON if it holds a list or an object, else text."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _source(
    path: Path, tasks: Sequence[tuple[str, Mapping[str, Any]]], known: KnownRecordings
) -> LabelSource:
    claims: list[LabelClaim] = []
    problems, without = [], 0
    for where, task in tasks:
        try:
            found = list(_claims(task, where, known))
        except UNEXPECTED as error:
            problems.append(f"{where} cannot be read ({error!r})")
            continue
        without += not found
        claims += found
    remark = f"{without:,} tasks have no label."
    return LabelSource(path, claims, problems, [remark] if without else [], RANGE_HINT)


def _claims(task: Mapping[str, Any], where: str, known: KnownRecordings) -> Iterator[LabelClaim]:
    rest = {name: value for name, value in task.items() if name not in _FACTS}
    given = media_path(rest)
    recording = recording_of(given, known)
    for name, value in rest.items():
        if isinstance(value, dict) and "choices" in value:
            for label in value["choices"]:
                yield LabelClaim(recording, str(given), where, str(label))
        elif isinstance(value, list):
            for region in value:
                for span in spans(region):
                    yield LabelClaim(recording, str(given), where, **span)
        elif isinstance(value, str) and name in ("choice", "label", "pose"):
            # A single choice is flattened to its text, under the name of its control tag.
            yield LabelClaim(recording, str(given), where, value)
