"""Number of processor cores available to this process."""

import os
import sys


def usable_cores() -> int:
    """Number of processor cores that this process may use, at least 1.

    On Linux this respects the process's CPU affinity, which containers and batch systems set.
    """
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
