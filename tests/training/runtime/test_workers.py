"""Files are worked on side by side, and whatever happens to one leaves the others alone."""

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
from tests.training.media.media_stage import PATIENCE_S, Order, carry_out
from training.errors import TrainingError
from training.recordings.output_folder import process_runs
from training.runtime.workers import Failed, Workers, each_done

TWO = Workers(processes=2)


def results(orders: list[Order], folder: Path) -> dict[int, int | Failed]:
    done = list(each_done(carry_out, orders, folder, TWO))
    assert len(done) == len(orders)
    return {order.number: result for order, result in done}


def test_one_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    """Unreadable, unexpected, dead: each is named with its reason, all others have results."""
    orders = [Order(n, folder=tmp_path) for n in range(6)]
    orders += [
        Order(6, "unreadable"),
        Order(7, "odd"),
        Order(8, "die"),
        Order(9, "die once", tmp_path),
    ]
    found = results(orders, tmp_path)
    assert [found[n] for n in range(6)] == [n * n for n in range(6)]
    assert found[6] == Failed("it is no photo")
    assert found[7] == Failed("unexpected ValueError: something nobody thought of")
    dead = found[8]
    assert isinstance(dead, Failed)
    assert "memory" in dead.reason
    assert "2 times" in dead.reason
    assert found[9] == 81, "a job whose worker died is tried once more"


def test_a_full_disk_stops_the_run(tmp_path: Path) -> None:
    """It concerns every file: the folder, the reason and the remedy are named."""
    orders = [Order(n, "full") for n in range(50)]
    with pytest.raises(TrainingError, match="No space left on device") as caught:
        results(orders, tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "continues from there" in str(caught.value)


class Deadly:
    """A large task that ends the worker which unpacks it."""

    def __reduce__(self) -> tuple[Callable[[int], object], tuple[int]]:
        return os._exit, (9,)

    def __call__(self, order: Order) -> int:
        """Never reached."""
        raise AssertionError(order)


def test_a_worker_that_dies_with_a_large_task_half_read_is_noticed(tmp_path: Path) -> None:
    """The run does not wait for it: the job is named as failed."""
    task = partial(_never, [Deadly(), b"x" * 1_000_000])
    [(_, result)] = each_done(task, [Order(1)], tmp_path, TWO)
    assert isinstance(result, Failed)
    assert "exit code 9, 2 times" in result.reason.replace(")", "")


def _never(ballast: list[object], order: Order) -> int:
    raise AssertionError((ballast, order))


def test_nothing_to_do_starts_nobody(tmp_path: Path) -> None:
    """Not even a connection to a cluster."""
    assert list(each_done(carry_out, [], tmp_path, Workers(cluster="tcp://127.0.0.1:9"))) == []


def test_a_cluster_that_is_not_there_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its address and what was expected."""
    monkeypatch.setattr("training.runtime.cluster._CONNECT_TIMEOUT_S", 1)
    with pytest.raises(TrainingError, match=r"tcp://127\.0\.0\.1:9 cannot be reached"):
        list(each_done(carry_out, [Order(1)], tmp_path, Workers(cluster="tcp://127.0.0.1:9")))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_workers_end_with_their_run(tmp_path: Path, how: signal.Signals) -> None:
    """Killed or interrupted, a run leaves nobody behind who works on."""
    program = (
        "from pathlib import Path\n"
        "from tests.training.media.media_stage import Order, carry_out\n"
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
            assert time.monotonic() < deadline, "a worker lives on"
            time.sleep(0.02)
