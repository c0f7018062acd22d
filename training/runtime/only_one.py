"""Work that only one process at a time may do in a folder; a second one is told who is at it."""

import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from training.errors import TrainingError


@contextmanager
def only_one(folder: Path, work: str) -> Iterator[None]:
    """Hold the folder for this process until the block ends, or the process is killed.

    Args:
        folder: Folder that the work changes.
        work: What is done, as a noun: ``training``.

    Raises:
        TrainingError: Another process is at it; the message says who, where and since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{work}.lock", fallback_to_soft=False)
    facts = folder / f"{work}.json"
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise TrainingError(
            f"A {work} is running in {folder} already: {_who(facts)}. Wait until it has ended, or "
            "stop it; what it has finished is kept."
        ) from error
    try:
        facts.write_text(json.dumps(_ourselves()), encoding="utf-8")
        yield
    finally:
        facts.unlink(missing_ok=True)
        lock.release()


def _ourselves() -> dict[str, Any]:
    user = "an unknown user"
    # A container may run under a number without a name.
    with suppress(KeyError, OSError, ImportError):
        user = getpass.getuser()
    return {
        "process": os.getpid(),
        "user": user,
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S"),
    }


def _who(facts: Path) -> str:
    try:
        known = json.loads(facts.read_text(encoding="utf-8"))
        return (
            f"process {known['process']} of {known['user']} on {known['host']}, since "
            f"{known['since']}"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another process, since a moment ago"
