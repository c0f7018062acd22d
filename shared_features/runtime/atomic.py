"""Files that are there whole or not at all, also when the process is killed half-way."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A name may have 255 bytes; a character has up to four.
_STEM_CHARACTERS = 50


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``; what was written there takes its place at the end.

    Leaving the block by an exception removes the temporary file and leaves ``path`` as it was.
    """
    # The process is named for whoever clears away what a killed one has left; the rest tells
    # threads apart, and machines that share a disk. A long name must not become too long.
    stem = path.stem[:_STEM_CHARACTERS]
    unique = f"{os.getpid()}.{secrets.token_hex(4)}"
    temporary = path.with_name(f".{stem}.{unique}.part{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            # The name must not point to the contents before the disk has them.
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
