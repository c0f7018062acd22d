"""Workers are used again as long as they live, and none is left at the end."""

import os
import signal
from collections.abc import Iterator

import pytest

from shared_features.errors import WorkerDiedError
from shared_features.runtime.worker_pool import WorkerPool
from tests.shared_features.runtime.test_worker_process import Counter


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool(Counter, 0)
    yield made
    made.close()


def test_a_worker_is_used_again(pool: WorkerPool) -> None:
    """Its object keeps its state, too."""
    with pool.worker() as worker:
        assert worker.call("add", 5) == 5
    with pool.worker() as again:
        assert again is worker
        assert again.call("add", 1) == 6


def test_two_borrowers_have_two_workers(pool: WorkerPool) -> None:
    """At the same time."""
    with pool.worker() as one, pool.worker() as other:
        assert one.call("pid") != other.call("pid")


def test_a_prepared_worker_is_the_next_one(pool: WorkerPool) -> None:
    """It was started before anyone asked, and only once."""
    pool.prepare()
    (prepared,) = pool._idle
    pool.prepare()
    with pool.worker() as first, pool.worker() as second:
        assert first is prepared
        assert second is not prepared


def test_a_dead_worker_is_replaced(pool: WorkerPool) -> None:
    """By a fresh one, which is ready for the next borrower."""
    with pool.worker() as worker, pytest.raises(WorkerDiedError):
        worker.call("abort")
    with pool.worker() as fresh:
        assert fresh is not worker
        assert fresh.call("add", 2) == 2


def test_one_that_died_idle_costs_its_borrower_a_clear_error(pool: WorkerPool) -> None:
    """And no more than one of them."""
    with pool.worker() as worker:
        worker.wait_until_ready()
    os.kill(worker.pid, signal.SIGKILL)
    with pool.worker() as dead, pytest.raises(WorkerDiedError):
        dead.call("pid")
    with pool.worker() as fresh:
        assert fresh.call("add", 1) == 1


def test_workers_can_be_ended_after_use() -> None:
    """Then their memory is free."""
    pool = WorkerPool(Counter, 0, reuse=False)
    with pool.worker() as worker:
        worker.wait_until_ready()
    assert not worker.alive
    pool.close()


def test_closing_ends_all(pool: WorkerPool) -> None:
    """Idle ones at once, a borrowed one when it comes back."""
    with pool.worker() as borrowed:
        with pool.worker() as idle:
            idle.wait_until_ready()
        pool.close()
        assert not idle.alive
        assert borrowed.call("add", 1) == 1
    assert not borrowed.alive
