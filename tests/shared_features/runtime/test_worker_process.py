"""A worker's death, silence and exceptions cost one call, never the process that made it."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_features.errors import MediaError, WorkerDiedError, WorkerTimeoutError
from shared_features.runtime.worker_process import WorkerProcess, note
from tests.waiting import wait_for

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}


class Counter:
    """What the workers of these tests hold."""

    def __init__(self, start: int) -> None:
        self.value = start

    def add(self, n: int) -> int:
        self.value += n
        return self.value

    def pid(self) -> int:
        return os.getpid()

    def refuse(self) -> None:
        raise MediaError("a.mp4 is not a video")

    def refuse_oddly(self) -> None:
        raise OddError(1, 2)

    def abort(self) -> None:
        ctypes.CDLL(None).abort()

    def leave(self) -> None:
        os._exit(3)

    def hang(self) -> None:
        signal.pause()

    def count_to(self, n: int) -> int:
        for i in range(n):
            note(i)
        return n

    def niceness(self) -> int:
        return os.nice(0)


class OddError(Exception):
    """Cannot be pickled: its constructor takes other arguments than it passes on."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"odd {a + b}")


def refuse_to_be_made() -> None:
    raise MediaError("there is no model")


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(Counter, 1) as made:
        yield made


def test_it_keeps_one_object_in_another_process(worker: WorkerProcess) -> None:
    """State lives from call to call, and elsewhere."""
    assert [worker.call("add", n) for n in (1, 2, 3)] == [2, 4, 7]
    assert worker.call("pid") == worker.pid != os.getpid()


def test_an_exception_travels_and_the_worker_lives_on(worker: WorkerProcess) -> None:
    """As the same type, with the same message; its traceback comes as a note."""
    with pytest.raises(MediaError) as caught:
        worker.call("refuse")
    assert str(caught.value) == "a.mp4 is not a video"
    assert "in refuse" in caught.value.__notes__[0]
    assert worker.call("add", 1) == 2


def test_an_exception_that_cannot_travel_is_described(worker: WorkerProcess) -> None:
    """By its type and message."""
    with pytest.raises(RuntimeError, match="OddError: odd 3"):
        worker.call("refuse_oddly")
    assert worker.alive


@pytest.mark.parametrize(
    ("method", "words"), [("abort", "crashed .SIGABRT"), ("leave", "exit code 3")]
)
def test_a_crash_costs_one_call(worker: WorkerProcess, method: str, words: str) -> None:
    """The caller is told how the process ended; later calls fail as well, at once."""
    with pytest.raises(WorkerDiedError, match=words):
        worker.call(method)
    assert not worker.alive
    with pytest.raises(WorkerDiedError):
        worker.call("pid")


def test_a_call_that_takes_too_long_is_ended(worker: WorkerProcess) -> None:
    """With its process, so that nothing goes on in secret."""
    worker.wait_until_ready()
    with pytest.raises(WorkerTimeoutError):
        worker.call("hang", timeout_s=0.05)
    assert not worker.alive


def test_a_check_can_give_a_call_up(worker: WorkerProcess) -> None:
    """Its exception reaches the caller, and the process is ended."""
    give_up = threading.Event()

    def check() -> None:
        if give_up.is_set():
            raise KeyboardInterrupt
        give_up.set()

    with pytest.raises(KeyboardInterrupt):
        worker.call("hang", check=check)
    assert not worker.alive


def test_notes_arrive_before_the_result(worker: WorkerProcess) -> None:
    """In order, each one."""
    notes: list[int] = []
    assert worker.call("count_to", 5, on_note=notes.append) == 5
    assert notes == [0, 1, 2, 3, 4]
    assert worker.call("count_to", 2) == 2


def test_what_cannot_be_made_is_said() -> None:
    """To whoever waits for the worker, or calls it."""
    with WorkerProcess(refuse_to_be_made) as broken, pytest.raises(MediaError, match="no model"):
        broken.wait_until_ready()
    with WorkerProcess(refuse_to_be_made) as broken, pytest.raises(MediaError, match="no model"):
        broken.call("anything")


def test_killed_from_outside_is_said_so(worker: WorkerProcess) -> None:
    """Most likely memory ran out."""
    worker.wait_until_ready()
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerDiedError, match="memory"):
        worker.call("pid")


def test_it_can_yield_to_others() -> None:
    """A lower priority is the process's own."""
    with WorkerProcess(Counter, 0, niceness=5) as nice:
        assert nice.call("niceness") == os.nice(0) + 5


@pytest.mark.parametrize("fork", [False, True])
def test_it_does_not_outlive_the_process_it_works_for(tmp_path: Path, fork: bool) -> None:
    """Not even one that was killed while the worker was busy."""
    script = tmp_path / "parent.py"
    script.write_text(
        "from shared_features.runtime.worker_process import WorkerProcess\n"
        "from tests.shared_features.runtime.test_worker_process import Counter\n"
        "if __name__ == '__main__':\n"
        f"    worker = WorkerProcess(Counter, 1, fork={fork})\n"
        "    print(worker.call('pid'), flush=True)\n"
        "    worker.call('hang')\n"
    )
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as parent:  # noqa: S603
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_for(lambda: not _is_running(pid))


def test_a_preloaded_module_is_imported_once(tmp_path: Path) -> None:
    """For all workers, from where the program finds it and not from the working folder.

    The environment stays as it was, and a fork server that has died is replaced.
    """
    (tmp_path / "decimal.py").write_text("raise SystemExit('a stranger')")
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "preloaded.py").write_text(
        "import decimal, os\n"
        "importer = os.getpid()\n"
        "class Made:\n"
        "    def pids(self):\n"
        "        return importer, os.getpid()\n"
    )
    (modules / "program.py").write_text(
        "import os, signal\n"
        "from shared_features.runtime.worker_process import WorkerProcess, preload\n"
        "if __name__ == '__main__':\n"
        "    before = dict(os.environ)\n"
        "    preload('preloaded')\n"
        "    assert os.environ == before\n"
        "    from preloaded import Made\n"
        "    with WorkerProcess(Made, fork=True) as worker:\n"
        "        assert worker.call('pids') == (os.getpid(), worker.pid)\n"
        "    with WorkerProcess(Made) as one, WorkerProcess(Made) as other:\n"
        "        server, first = one.call('pids')\n"
        "        assert other.call('pids') == (server, other.pid)\n"
        "    assert len({server, first, other.pid, os.getpid()}) == 4\n"
        "    os.kill(server, signal.SIGKILL)\n"
        "    os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)\n"
        "    with WorkerProcess(Made) as worker:\n"
        "        assert worker.call('pids')[1] == worker.pid\n"
    )
    command = [sys.executable, str(modules / "program.py")]
    subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, check=True)  # noqa: S603


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
