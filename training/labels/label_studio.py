"""Labels from Label Studio: its JSON export of timeline labels on videos and choices on photos.

Label Studio numbers frames from 1 and includes both ends of a range (see its own converter for
training, ``label_studio_ml/examples/yolo/utils/converter.py``). It does not see frames but
multiplies the time by the frame rate in its Video tag, which therefore has to be the recording's.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from training.errors import LabelError
from training.labels.known_recordings import KnownRecordings, kind_of
from training.labels.label_claims import LabelClaim, LabelSource
from training.recordings.catalog import Recording

# Label Studio adds this prefix to the name of an uploaded file.
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
_RANGE_HINT = (
    "Label Studio counts frames by the `frameRate` of its Video tag. Is it that of the recording?"
)


def read_label_studio(path: Path, known: KnownRecordings) -> LabelSource:
    """Read the tasks of a JSON export.

    Raises:
        LabelError: The file is not an export of Label Studio, or has no labels.
    """
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise LabelError(f"{path} cannot be read as JSON ({error}).") from error
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) for task in tasks
    ):
        raise LabelError(
            f"{path} is not an export of Label Studio: expected a list of tasks with `data` and "
            "`annotations`. Choose JSON (not JSON-MIN or another format) when exporting."
        )
    claims: list[LabelClaim] = []
    problems = []
    for number, task in enumerate(tasks, 1):
        where = f"task {task.get('id', number)}"
        try:
            claims += _claims(task, where, known)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            problems.append(f"{where} cannot be read ({error!r})")
    if not claims and not problems:
        raise LabelError(
            f"{path} has no labels: expected regions of TimelineLabels on videos, or Choices."
        )
    return LabelSource(path, claims, problems, range_hint=_RANGE_HINT)


def _claims(task: Mapping[str, Any], where: str, known: KnownRecordings) -> Iterator[LabelClaim]:
    given = _media_path(task["data"])
    recording = _recording(given, known)
    for annotation in task.get("annotations", []):
        if annotation.get("was_cancelled"):
            continue
        for region in annotation["result"]:
            value = region["value"]
            if region["type"] == "choices":
                for label in value["choices"]:
                    yield LabelClaim(recording, str(given), where, label)
            elif "timelinelabels" in value:
                for span in value["ranges"]:
                    first, last = int(span["start"]) - 1, int(span["end"]) - 1
                    for label in value["timelinelabels"]:
                        yield LabelClaim(recording, str(given), where, label, first, last)


def _media_path(data: Mapping[str, Any]) -> PurePosixPath:
    """The first value of a task that is the URL or path of a photo or video."""
    for value in data.values():
        if isinstance(value, str):
            address = urlsplit(value)
            # /data/local-files/?d=folder/routine.mp4
            local = parse_qs(address.query).get("d")
            path = PurePosixPath(local[0] if local else unquote(address.path))
            if kind_of(path.name):
                return path
    raise ValueError("its data names no photo or video")


def _recording(path: PurePosixPath, known: KnownRecordings) -> Recording | None:
    without_prefix = path.with_name(_UPLOAD_PREFIX.sub("", path.name))
    return known.best_match(path) or known.best_match(without_prefix)
