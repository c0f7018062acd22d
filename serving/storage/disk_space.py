"""Room on the disk of the data folder: the reserve that uploads leave, and errors of a full disk.

The reserve is for what must be written for work that was accepted: chunks, exports, overlays and
the queue's database.
"""

import errno
import shutil
from pathlib import Path

from serving.errors import DiskFullError

_MEBIBYTE = 1024 * 1024
# Room for a few chunks, or the exports of an analysis.
_WORKING_BYTES = 16 * _MEBIBYTE
_LEAST_BYTES = _MEBIBYTE
_FULL = (errno.ENOSPC, errno.EDQUOT)
# SQLite and PostgreSQL report a full disk as text within exceptions of their drivers.
_FULL_TEXTS = ("disk is full", "No space left on device", "Disk quota exceeded")


class DiskSpace:
    """Free space on the disk of a folder.

    Args:
        folder: Folder to write to.
        reserve_bytes: Number of bytes that uploads leave free.

    Attributes:
        reserve_bytes: The same number.
    """

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder = folder
        self.reserve_bytes = reserve_bytes

    @property
    def free_bytes(self) -> int:
        """Free space on the disk."""
        return shutil.disk_usage(self._folder).free

    @property
    def problem(self) -> str | None:
        """Reason there is no room for new files; None when there is."""
        return self._shortage(0)

    @property
    def is_exhausted(self) -> bool:
        """Whether there is too little room even for work that was accepted."""
        needed = min(self.reserve_bytes, _WORKING_BYTES) or _LEAST_BYTES
        return self.free_bytes < needed

    def require(self, size: int = 0) -> None:
        """Check that a file of ``size`` bytes fits without touching the reserve.

        Raises:
            DiskFullError: It does not.
        """
        problem = self._shortage(size)
        if problem is not None:
            raise DiskFullError(problem)

    def _shortage(self, size: int) -> str | None:
        free = self.free_bytes
        if free - size >= self.reserve_bytes:
            return None
        needed = f" for {_mib(size)} more" if size else ""
        return (
            f"The disk of the data folder {self._folder} has no room{needed}: {_mib(free)} are "
            f"free, and {_mib(self.reserve_bytes)} are kept free (`serving.min_free_mb` in "
            "params.yaml). Delete videos, or make room on the disk."
        )


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an exception, or one that caused it, says that the disk is full."""
    while error is not None:
        if getattr(error, "errno", None) in _FULL:
            return True
        said = "\n".join([str(error), *getattr(error, "__notes__", ())])
        if any(text in said for text in _FULL_TEXTS):
            return True
        error = error.__cause__ or error.__context__
    return False


def _mib(size: int) -> str:
    return f"{size / _MEBIBYTE:,.0f} MiB"
