"""The size of a folder."""

import os
from pathlib import Path


def folder_bytes(folder: Path) -> int:
    """Size of the files in a folder, which may be removed meanwhile."""
    # Unlike Path.rglob, os.walk tolerates that.
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(at) / name).lstat().st_size
            except OSError:
                continue
    return total
