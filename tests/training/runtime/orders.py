"""Tasks for worker processes; this module imports little, so that workers start fast."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from shared_features.errors import MediaError

PATIENCE_S = 120


@dataclass(frozen=True)
class Order:
    """A job for a worker: see ``carry_out``."""

    number: int
    what: str = "square"
    folder: Path = Path()


def carry_out(order: Order) -> int:
    """Square a number, fail, or die."""
    attempts = order.folder / f"attempts_{order.number}"
    match order.what:
        case "unreadable":
            raise MediaError("it is not a photo")
        case "odd":
            raise ValueError("something unexpected")
        case "full":
            raise OSError(28, "No space left on device")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die once" if not attempts.exists():
            attempts.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            (order.folder / f"pid_{os.getpid()}").touch()
            time.sleep(PATIENCE_S)
    return order.number**2


def invert(number: int) -> float:
    """One over a number, or the death of the worker if it is negative."""
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1 / number


def process_and_threads(number: int) -> tuple[int, str | None]:
    """The ID of the process, and its number of threads for linear algebra."""
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


def never(ballast: list[object], order: Order) -> int:
    """A task that must not be called."""
    raise AssertionError((ballast, order))
