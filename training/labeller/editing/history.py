"""Undo and redo: the labelling steps of a session, restored from its journal.

Each step is in the journal before it is in the label table. The process may be killed between the
two, and other programs may write the table, so opening a journal compares both.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from training.labeller.editing.journal import (
    Journal,
    JsonObject,
    Step,
    fingerprint,
    step_from_json,
    step_to_json,
)
from training.labeller.editing.ranges import Ranges

# A journal with more lines than the first number is cut to the second when it is opened.
_MAX_LINES = 4000
_KEPT_STEPS = 2000
_LOG = logging.getLogger(__name__)


class History:
    """The steps of one or more recordings, in the order they were taken.

    Args:
        path: path of the journal.
        ranges_of: gives the labels in the label table of a recording; None when the recording no
            longer exists. If a table matches neither the labels before nor after the recording's
            last step, another program changed it, and the recording's steps are dropped.

    Attributes:
        unsaved: Labels, by filename, that are in the journal but not in the label table because the
            process that wrote them was killed.
    """

    def __init__(self, path: Path, ranges_of: Callable[[str], Ranges | None]) -> None:
        self._journal = Journal(path)
        self._clear()
        self.unsaved: dict[str, Ranges] = {}
        self._restore(ranges_of)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._steps)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone step to redo."""
        return bool(self._undone)

    @property
    def last(self) -> Step | None:
        """The step that undo would undo."""
        return self._steps[-1] if self._steps else None

    @property
    def last_undone(self) -> Step | None:
        """The step that redo would redo."""
        return self._undone[-1] if self._undone else None

    def recording_of(self, request: str) -> str | None:
        """The recording that a request changed; None if the request has not been served yet."""
        return self._requests.get(request)

    def frame_count(self, filename: str, media: tuple[int, int] | None) -> int | None:
        """The frame count noted with the last step; None if the media file has changed since."""
        return next(
            (
                step.frames
                for step in reversed(self._steps)
                if step.filename == filename and step.frames is not None and step.media == media
            ),
            None,
        )

    def forget(self, filename: str) -> None:
        """Drop the steps of a recording whose labels another program has changed."""
        self._drop(filename)
        self._rewrite()

    @contextmanager
    def step(self, step: Step, before: Ranges, after: Ranges) -> Iterator[None]:
        """Record a step, then run the block to save the labels.

        If the block fails, the step is not recorded.
        """
        with self._recorded({"do": step_to_json(step)}, step.filename, before, after):
            yield
        self._steps.append(step)
        self._undone.clear()
        self._requests[step.request] = step.filename

    @contextmanager
    def undo(self, request: str, before: Ranges, after: Ranges) -> Iterator[None]:
        """Record that the last step is undone, then run the block to save the labels."""
        filename = self._steps[-1].filename
        with self._recorded({"undo": request}, filename, before, after):
            yield
        self._undone.append(self._steps.pop())
        self._requests[request] = filename

    @contextmanager
    def redo(self, request: str, before: Ranges, after: Ranges) -> Iterator[None]:
        """Record that the step undone last is redone, then run the block to save the labels."""
        filename = self._undone[-1].filename
        with self._recorded({"redo": request}, filename, before, after):
            yield
        self._steps.append(self._undone.pop())
        self._requests[request] = filename

    @contextmanager
    def _recorded(
        self, line: JsonObject, filename: str, before: Ranges, after: Ranges
    ) -> Iterator[None]:
        ends = fingerprint(before), fingerprint(after)
        with self._journal.added(line | {"filename": filename, "from": ends[0], "to": ends[1]}):
            yield
        self._ends[filename] = ends

    def _restore(self, ranges_of: Callable[[str], Ranges | None]) -> None:
        try:
            lines, torn = self._journal.read()
            for line in lines:
                self._replay(line)
        except (ValueError, LookupError, TypeError) as error:
            _LOG.warning(
                "%s is damaged (%s), so earlier steps can no longer be undone. All labels are "
                "safe: they are in the label tables.",
                self._journal.path,
                error,
            )
            self._clear()
            lines, torn = [], True
        strangers = [filename for filename in self._ends if not self._fits(filename, ranges_of)]
        for filename in strangers:
            self._drop(filename)
        if torn or strangers or len(lines) > _MAX_LINES:
            del self._steps[:-_KEPT_STEPS]
            self._rewrite()

    def _clear(self) -> None:
        self._steps: list[Step] = []
        self._undone: list[Step] = []
        self._requests: dict[str, str] = {}
        self._ends: dict[str, tuple[str, str]] = {}
        self._last_line: JsonObject = {}

    def _drop(self, filename: str) -> None:
        self._steps = [step for step in self._steps if step.filename != filename]
        self._undone = [step for step in self._undone if step.filename != filename]
        self._ends.pop(filename, None)

    def _replay(self, line: JsonObject) -> None:
        filename = str(line["filename"])
        if "do" in line:
            step = step_from_json(filename, line["do"])
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
        # Only the change in the very last line can be missing from its table.
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
        """Rewrite the journal: steps that can be undone, then those that can be redone."""
        lines: list[JsonObject] = [
            {"do": step_to_json(step), "filename": step.filename}
            for step in (*self._steps, *reversed(self._undone))
        ]
        lines += [{"undo": "", "filename": step.filename} for step in self._undone]
        for line in lines:
            # Only the last line about a recording counts, so all of them may carry its ends.
            before, after = self._ends[line["filename"]]
            line |= {"from": before, "to": after}
        self._journal.rewrite(lines)
