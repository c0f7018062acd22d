"""Hashes of what a result depends on: contents and settings, never file names or dates."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_features.runtime.cores import usable_cores
from training.recordings.catalog import Recording


def content_sha256(path: Path) -> str:
    """The SHA-256 of a file's contents, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settings_key(facts: Mapping[str, Any]) -> str:
    """One hash of all settings and contents that a result depends on."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Content:
    """The contents of a file.

    Attributes:
        sha256: SHA-256 of the contents, as hexadecimal digits.
        size_bytes: Size of the file.
    """

    sha256: str
    size_bytes: int


def content_hashes(recordings: Iterable[Recording]) -> dict[Recording, Content | OSError]:
    """The contents of each recording, or the error that prevents reading them."""

    def attempt(recording: Recording) -> tuple[Recording, Content | OSError]:
        try:
            size_bytes = recording.path.stat().st_size
            return recording, Content(content_sha256(recording.path), size_bytes)
        except OSError as error:
            return recording, error

    # Hashing releases Python's global lock, so threads are enough.
    with ThreadPoolExecutor(usable_cores()) as pool:
        return dict(pool.map(attempt, recordings))
