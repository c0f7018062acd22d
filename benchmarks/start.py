"""Start-up times of the commands and the service: ``python -m benchmarks.start``.

The start-up time of the bare interpreter in the same run shows how fast the machine is.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil

from benchmarks.results import Results
from benchmarks.service import running_service
from serving.settings import MEBIBYTE
from shared_features.runtime import console

ROUNDS = 5
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "straps-serve --help": ("-m", "serving.cli.main", "--help"),
    "straps-serve run --help": ("-m", "serving.cli.main", "run", "--help"),
    "straps-train --help": ("-m", "training.cli.main", "--help"),
    "straps-train train --help": ("-m", "training.cli.main", "train", "--help"),
}


def command_s(*arguments: str) -> float:
    """Duration of a command in seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return time.perf_counter() - started


def service_s() -> tuple[float, float]:
    """Seconds until the service is ready, and its memory at that moment in MiB."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as process:
        ready_s = time.perf_counter() - started
        return ready_s, psutil.Process(process.pid).memory_info().rss / MEBIBYTE


def run() -> Results:
    """Time every command and the service."""
    results = Results(f"median of {ROUNDS} starts")
    for name, arguments in COMMANDS.items():
        results.note(f"{name}, s", median(command_s(*arguments) for _ in range(ROUNDS)))
    services = [service_s() for _ in range(ROUNDS)]
    results.note("straps-serve run until ready, s", median(each for each, _ in services))
    results.note("memory when ready, MiB", median(memory for _, memory in services))
    return results


if __name__ == "__main__":
    console.run(lambda: run().print())
