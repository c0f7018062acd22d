"""When a job was last looked at: noted in its folder, for all services that share it."""

import contextlib
import os
import time
from pathlib import Path

_FILE = ".watched"
# A player asks for a video in many small pieces.
_NOTE_INTERVAL_S = 60.0


def note_watched(folder: Path) -> None:
    """Note that a client looks at a job now; cheap enough for every request."""
    path = folder / _FILE
    with contextlib.suppress(OSError):  # the folder was just deleted, or the disk is full
        if time.time() - watched_s(folder) > _NOTE_INTERVAL_S:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
            os.utime(path)


def watched_s(folder: Path) -> float:
    """When a job was last looked at, in seconds since 1970; 0 if it never was."""
    try:
        return (folder / _FILE).stat().st_mtime
    except OSError:
        return 0.0
