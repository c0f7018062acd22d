"""Results depend on contents and settings, never on file names or dates."""

import hashlib
import os
from pathlib import Path

from training.recordings.catalog import Recording
from training.recordings.content_hashes import Content, content_hashes, settings_key


def test_a_content_is_its_hash_and_size(tmp_path: Path) -> None:
    """Copies under other names and dates are the same; a missing file is an error of its own."""
    recordings = [Recording("photo", name, tmp_path / name) for name in ("a.jpg", "b.jpg", "gone")]
    for recording in recordings[:2]:
        recording.path.write_bytes(b"pixels")
    os.utime(recordings[1].path, (0, 0))
    first, second, missing = content_hashes(recordings).values()
    assert first == second == Content(hashlib.sha256(b"pixels").hexdigest(), 6)
    assert isinstance(missing, FileNotFoundError)


def test_a_key_changes_with_every_fact_and_not_with_their_order() -> None:
    """Any other setting gives another key."""
    assert settings_key({"a": 1, "b": None}) == settings_key({"b": None, "a": 1})
    facts = [{"a": 1}, {"a": 2}, {"b": 1}, {"a": 1, "b": None}]
    assert len({settings_key(one) for one in facts}) == len(facts)
