"""Labels from Label Studio: its JSON export of labels on videos and choices on photos.

Label Studio numbers frames from 1 and includes both ends of a range (see its own converter for
training, ``label_studio_ml/examples/yolo/utils/converter.py``). It does not see frames but
multiplies the time by the frame rate in its Video tag, which therefore has to be the recording's.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from training.errors import LabelError
from training.labels.imports.json_file import UNEXPECTED
from training.labels.known_recordings import KnownRecordings, kind_of
from training.labels.label_claims import LabelClaim, LabelSource
from training.recordings.catalog import Recording

# Label Studio adds this prefix to the name of an uploaded file.
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
RANGE_HINT = (
    "Label Studio counts frames by the `frameRate` of its Video tag. Is it that of the recording?"
)


def read_label_studio(path: Path, tasks: Any, known: KnownRecordings) -> LabelSource:
    """Read the tasks of a JSON export.

    Args:
        path: Path of the file, for messages.
        tasks: Its content.
        known: Recordings to match media with.

    Raises:
        LabelError: The file is not an export of Label Studio, or has no labels.
    """
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) for task in tasks
    ):
        raise LabelError(
            f"{path} is not an export of Label Studio: expected a list of tasks with `data` and "
            "`annotations`. Choose JSON, JSON-MIN, CSV, TSV or COCO when exporting."
        )
    claims: list[LabelClaim] = []
    problems = []
    for number, task in enumerate(tasks, 1):
        where = f"task {task.get('id', number)}"
        try:
            claims += _claims(task, where, known)
        except UNEXPECTED as error:
            problems.append(f"{where} cannot be read ({error!r})")
    if not claims and not problems:
        raise LabelError(
            f"{path} has no labels: expected regions of TimelineLabels on videos, or Choices."
        )
    return LabelSource(path, claims, problems, range_hint=RANGE_HINT)


def _claims(task: Mapping[str, Any], where: str, known: KnownRecordings) -> Iterator[LabelClaim]:
    given = media_path(task["data"])
    recording = recording_of(given, known)
    for annotation in task.get("annotations", []):
        if annotation.get("was_cancelled"):
            continue
        for region in annotation["result"]:
            value = region["value"]
            if region["type"] == "choices":
                for label in value["choices"]:
                    yield LabelClaim(recording, str(given), where, label)
            else:
                for span in spans(value):
                    yield LabelClaim(recording, str(given), where, **span)


def spans(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Labels with their frames or times, as arguments of a ``LabelClaim``.

    Timelines count frames from 1, as do the sequences of tracked rectangles. Regions of `Labels` on
    a sound track are in seconds.
    """
    if "timelinelabels" in value:
        for span in value["ranges"]:
            first, last = int(span["start"]) - 1, int(span["end"]) - 1
            for label in value["timelinelabels"]:
                yield {"label": str(label), "first": first, "last": last}
    elif "sequence" in value:
        for first, last in _tracked(value):
            for label in value.get("labels", value.get("rectanglelabels", ())):
                yield {"label": str(label), "first": first, "last": last}
    elif "labels" in value and "start" in value and "end" in value:
        for label in value["labels"]:
            start_s, end_s = float(value["start"]), float(value["end"])
            yield {"label": str(label), "start_s": start_s, "end_s": end_s}


def _tracked(value: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Frames from 0 in which a rectangle is enabled: from each keyframe up to the next one."""
    keyframes = sorted(value["sequence"], key=lambda keyframe: int(keyframe["frame"]))
    numbers = [int(keyframe["frame"]) - 1 for keyframe in keyframes]
    after = [*numbers[1:], int(value.get("framesCount", numbers[-1] + 1 if numbers else 0))]
    for keyframe, first, end in zip(keyframes, numbers, after, strict=True):
        if keyframe.get("enabled", True):
            yield first, max(first, end - 1)
        else:
            # The keyframe at which a rectangle is disabled still shows it.
            yield first, first


def media_path(data: Mapping[str, Any]) -> PurePosixPath:
    """The first value of a task that is the URL or path of a photo or video.

    Raises:
        ValueError: There is none.
    """
    for value in data.values():
        if isinstance(value, str):
            address = urlsplit(value)
            # /data/local-files/?d=folder/routine.mp4
            local = parse_qs(address.query).get("d")
            path = PurePosixPath(local[0] if local else unquote(address.path))
            if kind_of(path.name):
                return path
    raise ValueError("its data names no photo or video")


def recording_of(path: PurePosixPath, known: KnownRecordings) -> Recording | None:
    """The recording of a path, with or without the prefix that an upload adds."""
    without_prefix = path.with_name(_UPLOAD_PREFIX.sub("", path.name))
    return known.best_match(path) or known.best_match(without_prefix)
