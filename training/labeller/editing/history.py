"""Every step of labelling on disk, so that it can be taken back, also tomorrow.

A journal is a file of JSON lines, one for each step, each undo and each redo, written before the
label table is. It carries fingerprints of the labels before and after, by which a reader sees
whether the table and the journal belong together: a process may be killed between the two, and
other programs may write the table.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_features.runtime.atomic import atomic_write
from training.labeller.editing.rule import Change, Ranges
from training.labels.label_tables import LabelledRange

# A journal that has grown beyond the first is cut to the second when it is opened.
_MAX_LINES = 4000
_KEPT_STEPS = 2000


@dataclass(frozen=True)
class Step:
    """One change of one recording.

    Attributes:
        request: id of the request that asked for it; a request that is sent again does nothing.
        filename: of the recording, with its kind in front.
        frame: that was on the page.
        change: what it does.
        frames: number of frames of the recording, if that was known.
        media: size and modification time of the recording, when ``frames`` was counted.
    """

    request: str
    filename: str
    frame: int
    change: Change
    frames: int | None = None
    media: tuple[int, int] | None = None


def fingerprint(ranges: Ranges) -> str:
    """Sixteen hex digits that differ when labels differ."""
    content = json.dumps(_ranges_to_json(ranges), ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


class History:
    """The steps of one or more recordings, in the order they were taken.

    Args:
        path: of the journal; its folder is made with the first step.
        ranges_of: the labels of a recording by its label table; None when there is no such
            recording any more. A recording whose table fits neither end of its last step was
            changed by others: its steps are forgotten.
    """

    def __init__(self, path: Path, ranges_of: Callable[[str], Ranges | None]) -> None:
        self._path = path
        self._steps: list[Step] = []
        self._undone: list[Step] = []
        self._requests: dict[str, str] = {}
        self._ends: dict[str, tuple[str, str]] = {}
        self._last_line: dict[str, Any] = {}
        self.unsaved: dict[str, Ranges] = {}
        """Labels that the journal has and the table does not: whoever wrote it was killed."""
        self._open(ranges_of)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._steps)

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back last."""
        return bool(self._undone)

    @property
    def last(self) -> Step | None:
        """The step that undo takes back."""
        return self._steps[-1] if self._steps else None

    @property
    def last_undone(self) -> Step | None:
        """The step that redo takes again."""
        return self._undone[-1] if self._undone else None

    def recording_of(self, request: str) -> str | None:
        """The recording that a request changed, if it has been served before."""
        return self._requests.get(request)

    def frame_count(self, filename: str, media: tuple[int, int] | None) -> int | None:
        """How many frames a recording had when it was last labelled, unless the file is another."""
        return next(
            (
                step.frames
                for step in reversed(self._steps)
                if step.filename == filename and step.frames is not None and step.media == media
            ),
            None,
        )

    def forget(self, filename: str) -> None:
        """Drop the steps of a recording whose labels were changed by others."""
        self._steps = [step for step in self._steps if step.filename != filename]
        self._undone = [step for step in self._undone if step.filename != filename]
        self._ends.pop(filename, None)
        self._rewrite()

    @contextmanager
    def step(self, step: Step, before: Ranges, after: Ranges) -> Iterator[None]:
        """Note a step; the block saves the labels. If that fails, nothing has happened."""
        with self._noted({"do": _step_to_json(step)}, step.filename, before, after):
            yield
        self._steps.append(step)
        self._undone.clear()
        self._requests[step.request] = step.filename

    @contextmanager
    def undo(self, request: str, before: Ranges, after: Ranges) -> Iterator[None]:
        """Note that the last step is taken back; the block saves the labels."""
        filename = self._steps[-1].filename
        with self._noted({"undo": request}, filename, before, after):
            yield
        self._undone.append(self._steps.pop())
        self._requests[request] = filename

    @contextmanager
    def redo(self, request: str, before: Ranges, after: Ranges) -> Iterator[None]:
        """Note that the step taken back last is taken again; the block saves the labels."""
        filename = self._undone[-1].filename
        with self._noted({"redo": request}, filename, before, after):
            yield
        self._steps.append(self._undone.pop())
        self._requests[request] = filename

    @contextmanager
    def _noted(
        self, line: dict[str, Any], filename: str, before: Ranges, after: Ranges
    ) -> Iterator[None]:
        ends = fingerprint(before), fingerprint(after)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            size = file.seek(0, os.SEEK_END)
            try:
                file.write(_to_line(line | {"filename": filename, "from": ends[0], "to": ends[1]}))
                file.flush()
                os.fsync(file.fileno())
                yield
            except BaseException:
                file.truncate(size)
                raise
        self._ends[filename] = ends

    def _open(self, ranges_of: Callable[[str], Ranges | None]) -> None:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        lines = content.split(b"\n")
        torn = lines.pop() != b""  # whoever wrote the last line was killed half-way
        try:
            for line in lines:
                self._replay(json.loads(line))
        except (ValueError, LookupError, TypeError):
            # Not a journal any more. The labels themselves are in their tables.
            self._steps, self._undone, self._requests, self._ends = [], [], {}, {}
            torn = True
        strangers = [filename for filename in self._ends if not self._fits(filename, ranges_of)]
        for filename in strangers:
            self._steps = [step for step in self._steps if step.filename != filename]
            self._undone = [step for step in self._undone if step.filename != filename]
            del self._ends[filename]
        if torn or strangers or len(lines) > _MAX_LINES:
            del self._steps[:-_KEPT_STEPS]
            self._rewrite()

    def _replay(self, line: dict[str, Any]) -> None:
        filename = str(line["filename"])
        if "do" in line:
            step = _step_from_json(filename, line["do"])
            self._steps.append(step)
            self._undone.clear()
            request = step.request
        elif "undo" in line:
            self._undone.append(self._steps.pop())
            request = line["undo"]
        else:
            self._steps.append(self._undone.pop())
            request = line["redo"]
        self._requests[request] = filename
        self._ends[filename] = line["from"], line["to"]
        self._last_line = line

    def _fits(self, filename: str, ranges_of: Callable[[str], Ranges | None]) -> bool:
        ranges = ranges_of(filename)
        if ranges is None:
            return False
        found, (before, after) = fingerprint(ranges), self._ends[filename]
        if found == after:
            return True
        # Only the very last line can be without its table.
        if found != before or self._last_line["filename"] != filename:
            return False
        change = (
            self._undone[-1].change.reversed()
            if "undo" in self._last_line
            else self._steps[-1].change
        )
        self.unsaved[filename] = change.applied(ranges)
        return True

    def _rewrite(self) -> None:
        """Write the journal anew: steps that can be taken back, then those that were."""
        lines: list[dict[str, Any]] = [
            {"do": _step_to_json(step), "filename": step.filename}
            for step in (*self._steps, *reversed(self._undone))
        ]
        lines += [{"undo": "", "filename": step.filename} for step in self._undone]
        for line in lines:
            # What a journal says last about a recording is what counts.
            before, after = self._ends[line["filename"]]
            line |= {"from": before, "to": after}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._path) as temporary:
            temporary.write_bytes(b"".join(map(_to_line, lines)))


def _to_line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _ranges_to_json(ranges: Ranges) -> list[list[Any]]:
    return [[labelled.first, labelled.last, labelled.label] for labelled in ranges]


def _ranges_from_json(content: list[list[Any]]) -> Ranges:
    return tuple(LabelledRange(int(first), int(last), str(name)) for first, last, name in content)


def _step_to_json(step: Step) -> dict[str, Any]:
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


def _step_from_json(filename: str, content: dict[str, Any]) -> Step:
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
