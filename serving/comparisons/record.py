"""``comparison.json``: what a comparison is, and how far it is. The folder is its queue entry."""

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from serving.storage.data_dir import DataDir
from shared_features.runtime.atomic import atomic_write

FOLDER = "comparisons"
RESULT_FILE, VIDEO_FILE = "result.json", "side_by_side.mp4"
_RECORD = "comparison.json"


class ComparisonState(StrEnum):
    """State of a comparison."""

    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Comparison:
    """Two analysed videos to be compared.

    Attributes:
        id: ID of the comparison.
        reference: ID of the video whose moments are looked for.
        target: ID of the video in which they are looked for.
        splits_s: Times of the moments in the reference, in seconds.
        created_s: Time of the request, in seconds since 1970.
        owner: Name of the client that asked; empty on a service without tokens.
        state: How far it is.
        problem: Reason for the failure; None unless it failed.
        attempts: How often it was started.
    """

    id: str
    reference: str
    target: str
    splits_s: tuple[float, ...]
    created_s: float
    owner: str
    state: ComparisonState = ComparisonState.QUEUED
    problem: str | None = None
    attempts: int = 0

    def now(self, state: ComparisonState, problem: str | None = None) -> Self:
        """The comparison in another state."""
        return replace(self, state=state, problem=problem)


def folder_of(data_dir: DataDir, comparison_id: str) -> Path:
    """Folder of a comparison."""
    return data_dir.store / FOLDER / comparison_id


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Store a comparison, atomically.

    Raises:
        OSError: The folder is gone, or cannot be written to.
    """
    with atomic_write(folder / _RECORD) as temporary:
        temporary.write_text(json.dumps(asdict(comparison)), encoding="utf-8")


def read_comparison(folder: Path) -> Comparison | None:
    """The comparison in a folder; None if there is none, or it is damaged."""
    try:
        given = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        given["splits_s"] = tuple(float(time_s) for time_s in given["splits_s"])
        given["state"] = ComparisonState(given["state"])
        found = Comparison(**given)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.id == folder.name else None
