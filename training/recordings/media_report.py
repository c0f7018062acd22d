"""What came of a stage that works through many recordings, for people and for the next stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.recordings.catalog import Kind, listed


@dataclass(frozen=True, order=True)
class Failure:
    """A recording with which nothing could be done.

    Attributes:
        name: of the recording.
        reason: what is wrong with it.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class MediaReport:
    """What came of the recordings of one kind; all names are sorted.

    Attributes:
        kind: photos or videos.
        done: names of those that were worked on.
        up_to_date: names of those whose results were there already.
        damaged: of the two above, those that could only be read in part, and what was found.
        failed: those with which nothing could be done.
        vanished: results, by file name, that belong to no recording given. They are left alone.
    """

    kind: Kind
    done: tuple[str, ...]
    up_to_date: tuple[str, ...]
    damaged: tuple[Failure, ...]
    failed: tuple[Failure, ...]
    vanished: tuple[str, ...]

    @property
    def succeeded(self) -> bool:
        """Whether there is a result at all."""
        return bool(self.done or self.up_to_date)

    def summary(self) -> str:
        """One line with the numbers."""
        return ", ".join(f"{number} {what}" for what, number in self._numbers())

    def warnings(self) -> list[str]:
        """What somebody should look at, a line or a list each."""
        lines = []
        if self.failed:
            lines.append(_list(f"Nothing could be done with these {self.kind}s:", self.failed))
        if self.damaged:
            lines.append(_list(f"These {self.kind}s are damaged:", self.damaged))
        if self.vanished:
            lines.append(
                f"Left alone, since no {self.kind} given belongs to them: {listed(self.vanished)}."
            )
        return lines

    def _numbers(self) -> list[tuple[str, int]]:
        return [
            ("done", len(self.done)),
            ("up to date", len(self.up_to_date)),
            ("failed", len(self.failed)),
        ]


def damage_found(verdict: Mapping[str, Any]) -> str:
    """A line about a video that is not whole, from the fields of its ``Verdict``; else nothing."""
    if verdict["status"] == "complete":
        return ""
    return (
        f"{verdict['status']}, {verdict['frames']} frames could be read "
        f"({verdict['decode_failures']} packets could not, {verdict['damaged_frames']} frames were "
        "patched up)"
    )


def _list(heading: str, failures: Sequence[Failure]) -> str:
    return "\n".join([heading, *(f"  {_told(failure)}" for failure in failures)])


def _told(failure: Failure) -> str:
    """What is wrong with a recording, which most reasons name themselves."""
    if failure.reason.startswith(failure.name):
        return failure.reason
    return f"{failure.name}: {failure.reason}"
