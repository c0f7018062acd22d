"""Folders that a stage writes to: checked before the work, and cleaned of unfinished files."""

import os
import re
from errno import EACCES
from pathlib import Path

from training.errors import TrainingError
from training.runtime.unwritable import cannot_write

# Temporary names given by ``atomic_write`` and ``VideoWriter``.
_UNFINISHED = re.compile(r"\..+\.(?P<process>\d+)(\.[0-9a-f]{8})?\.part(ial)?(\.\w+)?")


def prepare_folder(folder: Path) -> None:
    """Create a folder for results if needed, and remove what killed runs left unfinished.

    Raises:
        TrainingError: The folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
    except OSError as error:
        raise TrainingError(cannot_write(folder, error)) from error
    if not os.access(folder, os.W_OK):
        raise TrainingError(cannot_write(folder, PermissionError(EACCES, "permission denied")))


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files of killed processes from a folder and its subfolders."""
    for path in folder.rglob(".*.part*"):
        match = _UNFINISHED.fullmatch(path.name)
        if match and not process_runs(int(match["process"])):
            path.unlink(missing_ok=True)


def process_runs(process: int) -> bool:
    """Whether a process is running on this machine; a zombie is not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # It belongs to another user.
        return True
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # Only Linux has this file.
        return True
    # Without an init process, as in many containers, a process whose parent was killed stays a
    # zombie.
    return status.rpartition(")")[2].split()[0] != "Z"
