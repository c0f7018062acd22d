"""Jobs run in parallel processes, and the failure of one does not affect the others."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from shared_features.params import PROJECT_ROOT
from shared_features.runtime.cores import usable_cores
from tests.training.runtime.orders import (
    PATIENCE_S,
    Order,
    carry_out,
    invert,
    never,
    process_and_threads,
)
from training.errors import TrainingError
from training.recordings.output_folder import process_runs
from training.runtime.workers import Failed, Workers, each_done, in_processes

TWO = Workers(processes=2)


def results(orders: list[Order], folder: Path) -> dict[int, int | Failed]:
    done = list(each_done(carry_out, orders, folder, TWO))
    assert len(done) == len(orders)
    return {order.number: result for order, result in done}


def test_a_failed_job_does_not_affect_the_others(tmp_path: Path) -> None:
    """Each failure has its reason: unreadable, unexpected, or dead; all others have results."""
    orders = [Order(n, folder=tmp_path) for n in range(6)]
    orders += [
        Order(6, "unreadable"),
        Order(7, "odd"),
        Order(8, "die"),
        Order(9, "die once", tmp_path),
    ]
    found = results(orders, tmp_path)
    assert [found[n] for n in range(6)] == [n * n for n in range(6)]
    assert found[6] == Failed("it is not a photo")
    assert found[7] == Failed("unexpected ValueError: something unexpected")
    dead = found[8]
    assert isinstance(dead, Failed)
    assert "memory" in dead.reason
    assert "2 times" in dead.reason
    assert found[9] == 81, "a job whose worker died is tried again"


def test_a_full_disk_stops_the_run(tmp_path: Path) -> None:
    """It affects every file; the message names the folder, the reason and the remedy."""
    orders = [Order(n, "full") for n in range(50)]
    with pytest.raises(TrainingError, match="No space left on device") as caught:
        results(orders, tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "continues from there" in str(caught.value)


class Deadly:
    """A large task that kills the worker that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], object], tuple[int]]:
        return os._exit, (9,)

    def __call__(self, order: Order) -> int:
        """Never reached."""
        raise AssertionError(order)


def test_a_worker_that_dies_while_it_reads_a_large_task_is_noticed(tmp_path: Path) -> None:
    """The run does not wait for it; the job has failed."""
    task = partial(never, [Deadly(), b"x" * 1_000_000])
    [(_, result)] = each_done(task, [Order(1)], tmp_path, TWO)
    assert isinstance(result, Failed)
    assert "exit code 9, 2 times" in result.reason.replace(")", "")


def test_no_jobs_start_no_workers(tmp_path: Path) -> None:
    """There is not even a connection to a cluster."""
    assert list(each_done(carry_out, [], tmp_path, Workers(cluster="tcp://127.0.0.1:9"))) == []


def test_a_cluster_that_is_not_there_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names its address and what was expected."""
    monkeypatch.setattr("training.runtime.cluster._CONNECT_TIMEOUT_S", 1)
    with pytest.raises(TrainingError, match=r"tcp://127\.0\.0\.1:9 cannot be reached"):
        list(each_done(carry_out, [Order(1)], tmp_path, Workers(cluster="tcp://127.0.0.1:9")))


def test_computations_come_back_with_their_job() -> None:
    """Every job has its own result, in whatever order they finish."""
    results = dict(in_processes(invert, [1, 2, 4], 2))
    assert results == {1: 1, 2: 0.5, 4: 0.25}


def test_one_process_is_this_one_and_several_share_the_cores() -> None:
    """Each of several processes has its share of threads for linear algebra."""
    ((_, (process, _)),) = in_processes(process_and_threads, [1], 2)
    assert process == os.getpid(), "one job needs no other process"
    found = [result for _, result in in_processes(process_and_threads, [1, 2], 2)]
    assert os.getpid() not in [process for process, _ in found]
    assert {threads for _, threads in found} == {str(max(1, usable_cores() // 2))}


def test_what_a_computation_raises_is_raised_here() -> None:
    """With the traceback of the worker as a note."""
    with pytest.raises(ZeroDivisionError) as caught:
        list(in_processes(invert, [1, 0], 2))
    assert any("invert" in note for note in caught.value.__notes__)


def test_a_computation_that_kills_its_worker_twice_ends_the_run() -> None:
    """The message names the job and the most likely reason."""
    with pytest.raises(TrainingError, match=r"-1: .*memory ran out, 2 times"):
        list(in_processes(invert, [1, -1], 2))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_workers_end_with_their_run(tmp_path: Path, how: signal.Signals) -> None:
    """A run that is killed or interrupted leaves no workers running."""
    program = (
        "from pathlib import Path\n"
        "from tests.training.runtime.orders import Order, carry_out\n"
        "from training.runtime.workers import Workers, each_done\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "orders = [Order(n, 'sleep', folder) for n in range(2)]\n"
        "list(each_done(carry_out, orders, folder, Workers(processes=2)))\n"
    )
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + PATIENCE_S
    while len(pids := list(tmp_path.glob("pid_*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(how)
    process.communicate(timeout=PATIENCE_S)
    for pid in pids:
        while process_runs(int(pid.name.removeprefix("pid_"))):
            assert time.monotonic() < deadline, "a worker is still running"
            time.sleep(0.02)
