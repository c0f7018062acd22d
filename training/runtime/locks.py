"""Locks between the processes of one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; on one machine, only one process at a time can.

    The system releases the lock when the process ends, even if it is killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A soft lock would outlive a killed process.
    with FileLock(path, fallback_to_soft=False):
        yield
