"""Files that are written completely or not at all, even if the process is killed half-way."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A file name may have 255 bytes, and a character takes up to four.
_STEM_CHARACTERS = 50


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path next to ``path``, to be written to; it replaces ``path`` at the end.

    Leaving the block with an exception removes the temporary file and leaves ``path`` untouched.
    """
    # The process ID lets a later run recognise what a killed process left. The random part keeps
    # threads apart, and machines that share a disk.
    stem = path.stem[:_STEM_CHARACTERS]
    unique = f"{os.getpid()}.{secrets.token_hex(4)}"
    temporary = path.with_name(f".{stem}.{unique}.part{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            # The contents must be on disk before the name points to them.
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
