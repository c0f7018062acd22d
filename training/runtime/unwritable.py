"""What to do about results that cannot be written."""

import errno
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def remedy(error: OSError) -> str:
    """An imperative for the person at the terminal, without a full stop."""
    if error.errno in _FULL:
        return "Free some space"
    if error.errno in _FORBIDDEN:
        return "Check the permissions of the folder"
    return "Check that the folder exists and can be written to"


def cannot_write(folder: Path, error: OSError) -> str:
    """A message for results that cannot be written until a person frees or changes the folder."""
    return (
        f"Cannot write to {folder} ({error.strerror or error}). {remedy(error)}, or choose another "
        "folder, then run the same command again: finished results are kept, and it continues from "
        "there."
    )
