"""The report of a stage that works through many recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.recordings.catalog import Kind, listed


@dataclass(frozen=True, order=True)
class Failure:
    """A recording that could not be processed, or only in part.

    Attributes:
        name: Name of the recording.
        reason: What is wrong with it.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class MediaReport:
    """Results for the recordings of one kind; all names are sorted.

    Attributes:
        kind: Photos or videos.
        done: Names of the recordings processed in this run.
        up_to_date: Names of the recordings whose results were up to date before.
        damaged: Recordings among the two above that could be read only in part.
        failed: Recordings without a result.
        vanished: File names of results whose recording is not there any more. They stay.
    """

    kind: Kind
    done: tuple[str, ...]
    up_to_date: tuple[str, ...]
    damaged: tuple[Failure, ...]
    failed: tuple[Failure, ...]
    vanished: tuple[str, ...]

    @property
    def succeeded(self) -> bool:
        """Whether any recording has a result."""
        return bool(self.done or self.up_to_date)

    def summary(self) -> str:
        """The counts, in one line."""
        return ", ".join(f"{number} {what}" for what, number in self._numbers())

    def warnings(self) -> list[str]:
        """Problems that a person should look at; each is a line or a list."""
        lines = []
        if self.failed:
            lines.append(_list(f"These {self.kind}s could not be processed:", self.failed))
        if self.damaged:
            lines.append(_list(f"These {self.kind}s are damaged:", self.damaged))
        if self.vanished:
            lines.append(f"Kept, although their {self.kind}s are gone: {listed(self.vanished)}.")
        return lines

    def _numbers(self) -> list[tuple[str, int]]:
        return [
            ("done", len(self.done)),
            ("up to date", len(self.up_to_date)),
            ("failed", len(self.failed)),
        ]


def damage_found(verdict: Mapping[str, Any]) -> str:
    """A line about a video's damage, from the fields of its ``Verdict``; empty if intact."""
    if verdict["status"] == "complete":
        return ""
    return (
        f"{verdict['status']}, {verdict['frames']} frames could be read "
        f"({verdict['decode_failures']} packets could not, {verdict['damaged_frames']} frames were "
        "concealed)"
    )


def _list(heading: str, failures: Sequence[Failure]) -> str:
    return "\n".join([heading, *(f"  {_line(failure)}" for failure in failures)])


def _line(failure: Failure) -> str:
    """The failure as a line; most reasons name the recording themselves."""
    if failure.reason.startswith(failure.name):
        return failure.reason
    return f"{failure.name}: {failure.reason}"
