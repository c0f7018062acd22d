"""Items are read ahead in another thread, and no further than asked."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from shared_features.runtime.prefetch import Prefetched


def test_all_items_come_in_order() -> None:
    """Reading ahead changes nothing about what is read."""
    with Prefetched(iter(range(100)), depth=3) as items:
        assert list(items) == list(range(100))


def test_items_are_read_in_one_other_thread() -> None:
    """The reader's thread does none of the work."""
    threads = set()

    def items() -> Iterator[int]:
        for number in range(10):
            threads.add(threading.current_thread())
            yield number

    with Prefetched(items(), depth=2) as prefetched:
        assert len(list(prefetched)) == 10
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_no_more_than_the_depth_is_read_ahead() -> None:
    """While nothing is taken, the thread holds one item more than fits, and then waits."""
    produced, full = [], threading.Event()

    def items() -> Iterator[int]:
        for number in range(100):
            produced.append(number)
            if number == 3:
                full.set()
            yield number

    with Prefetched(items(), depth=3) as prefetched:
        assert full.wait(60)
        assert produced == [0, 1, 2, 3]
        assert next(iter(prefetched)) == 0
    assert len(produced) <= 6  # leaving the block ends the reading


def test_an_exception_is_raised_in_place_of_the_missing_item() -> None:
    """The items before it are still given."""

    def items() -> Iterator[int]:
        yield 0
        yield 1
        raise OSError("the disk is gone")

    with Prefetched(items(), depth=5) as prefetched:
        reading = iter(prefetched)
        assert [next(reading), next(reading)] == [0, 1]
        with pytest.raises(OSError, match="the disk is gone"):
            next(reading)


def test_none_is_an_item() -> None:
    """It does not end the iteration."""
    with Prefetched(iter([None, 1, None]), depth=2) as items:
        assert list(items) == [None, 1, None]


def test_leaving_the_block_ends_the_thread() -> None:
    """Even with an endless source, while the thread waits for room."""

    def running() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "prefetch"]

    with Prefetched(itertools.count(), depth=2) as items:
        assert next(iter(items)) == 0
        assert len(running()) == 1
    assert running() == []
