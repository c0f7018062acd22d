"""The file that records every labelling step, so that steps can be undone, even tomorrow.

A journal is a file of JSON lines: one for each step, each undo and each redo. Every line also
carries fingerprints of the labels before and after it, so that a reader can tell whether the label
table still belongs to the journal.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_features.runtime.atomic import atomic_write
from training.labeller.editing.ranges import Change, Ranges
from training.labels.label_tables import LabelledRange

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One change to the labels of one recording.

    Attributes:
        request: ID of the request that asked for the step.
        filename: Name of the recording, with its kind in front.
        frame: Number of the frame that was on the page.
        change: The change to the labels.
        frames: Number of frames in the recording, if it was known.
        media: Size and modification time of the recording when ``frames`` was counted.
    """

    request: str
    filename: str
    frame: int
    change: Change
    frames: int | None = None
    media: tuple[int, int] | None = None


class Journal:
    """A file of JSON lines that survives being killed at any moment.

    Args:
        path: path of the file, which is created with its folder when the first line is added.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[list[JsonObject], bool]:
        """All complete lines, and whether an incomplete one follows them.

        Raises:
            ValueError: a complete line is not JSON.
        """
        try:
            *lines, rest = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return [], False
        return [json.loads(line) for line in lines], rest != b""

    @contextmanager
    def added(self, line: JsonObject) -> Iterator[None]:
        """Put a line on disk, then run the block; if the block fails, the line is removed again."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            size = file.seek(0, os.SEEK_END)
            try:
                file.write(_encoded(line))
                file.flush()
                os.fsync(file.fileno())
                yield
            except BaseException:
                file.truncate(size)
                raise

    def rewrite(self, lines: Iterable[JsonObject]) -> None:
        """Replace the whole file atomically."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path) as temporary:
            temporary.write_bytes(b"".join(map(_encoded, lines)))


def fingerprint(ranges: Ranges) -> str:
    """Sixteen hexadecimal digits that differ when the labels differ."""
    content = json.dumps(_ranges_to_json(ranges), ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def step_to_json(step: Step) -> JsonObject:
    """A step as journals store it; the filename is stored next to it."""
    return {
        "request": step.request,
        "frame": step.frame,
        "first": step.change.first,
        "last": step.change.last,
        "before": _ranges_to_json(step.change.before),
        "after": _ranges_to_json(step.change.after),
        "frames": step.frames,
        "media": step.media,
    }


def step_from_json(filename: str, content: JsonObject) -> Step:
    """The inverse of ``step_to_json``.

    Raises:
        ValueError, LookupError, TypeError: the content is not a step.
    """
    change = Change(
        int(content["first"]),
        int(content["last"]),
        _ranges_from_json(content["before"]),
        _ranges_from_json(content["after"]),
    )
    media = content["media"]
    return Step(
        request=str(content["request"]),
        filename=filename,
        frame=int(content["frame"]),
        change=change,
        frames=content["frames"],
        media=None if media is None else (int(media[0]), int(media[1])),
    )


def _encoded(line: JsonObject) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _ranges_to_json(ranges: Ranges) -> list[list[Any]]:
    return [[labelled.first, labelled.last, labelled.label] for labelled in ranges]


def _ranges_from_json(content: list[list[Any]]) -> Ranges:
    return tuple(LabelledRange(int(first), int(last), str(name)) for first, last, name in content)
