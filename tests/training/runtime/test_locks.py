"""A lock file keeps other processes out, and is free again when its holder is gone."""

import subprocess
import sys
from pathlib import Path

from shared_features.params import PROJECT_ROOT
from training.runtime.locks import locked

HOLDER = """
import sys
from pathlib import Path
from training.runtime.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
VISITOR = """
import sys
from filelock import FileLock, Timeout
try:
    with FileLock(sys.argv[1], timeout=0):
        print("free")
except Timeout:
    print("taken")
"""


def visit(path: Path) -> str:
    """Whether another process finds the lock free or taken."""
    command = [sys.executable, "-c", VISITOR, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()


def test_one_process_at_a_time_holds_a_lock(tmp_path: Path) -> None:
    """The folder of the lock file is created; the lock ends with the block."""
    path = tmp_path / "tracking" / "mlflow.lock"
    with locked(path):
        assert visit(path) == "taken"
    assert visit(path) == "free"


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    """The next process gets the lock without help from a person."""
    path = tmp_path / "mlflow.lock"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert visit(path) == "taken"
        holder.kill()
    with locked(path):
        pass
