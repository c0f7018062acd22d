"""Waiting for a condition, instead of sleeping for luck."""

import time
from collections.abc import Callable

# Only a broken program takes this long, on whatever machine.
PATIENCE_S = 120.0


def wait_for(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: It has not held for ``patience_s`` seconds.
    """
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience_s:g} s for {condition}")
        time.sleep(0.01)
