"""What a result was made of, as hashes: contents and settings, never names or dates of files."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.recordings.catalog import Recording

# Names that ``written_whole`` and ``VideoWriter`` give to what is not finished yet.
_UNFINISHED = re.compile(r"\..+\.(?P<process>\d+)(\.[0-9a-f]{8})?\.part(ial)?(\.\w+)?")


def content_sha256(path: Path) -> str:
    """The SHA-256 of a file's contents, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settings_key(facts: Mapping[str, Any]) -> str:
    """One hash of everything that a result depends on."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Content:
    """What a file holds: its hash and how much it is."""

    sha256: str
    size_bytes: int


def content_hashes(recordings: Iterable[Recording]) -> dict[Recording, Content | OSError]:
    """What each recording holds, or why it cannot be read."""

    def attempt(recording: Recording) -> tuple[Recording, Content | OSError]:
        try:
            size_bytes = recording.path.stat().st_size
            return recording, Content(content_sha256(recording.path), size_bytes)
        except OSError as error:
            return recording, error

    # Hashing frees Python's lock, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(pool.map(attempt, recordings))


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes have left unfinished in a folder and those inside it."""
    for path in folder.rglob(".*.part*"):
        match = _UNFINISHED.fullmatch(path.name)
        if match and not process_runs(int(match["process"])):
            path.unlink(missing_ok=True)


def process_runs(process: int) -> bool:
    """Whether a process of this machine runs; one that has ended without being missed does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to someone else
        return True
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # only Linux tells
        return True
    # In a container without an init, nobody asks for those whose parent was killed.
    return status.rpartition(")")[2].split()[0] != "Z"
