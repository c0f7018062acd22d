"""Runs an iterator in a thread of its own, a few items ahead of whoever reads them."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_END = object()


@contextmanager
def prefetched(items: Iterator[T], depth: int) -> Iterator[Iterator[T]]:
    """Read ``items`` in a background thread, at most ``depth`` items ahead.

    Decoding a video frees Python's lock, so the next frames are ready when the pose network asks
    for them. An exception in ``items`` is raised where the item would have come. Leaving the block
    stops the thread, also half-way.
    """
    slots: queue.Queue[object] = queue.Queue(maxsize=depth)
    stop = threading.Event()
    failure: list[BaseException] = []

    def put(item: object) -> bool:
        while not stop.is_set():
            try:
                slots.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as error:  # handed to the reader, who raises it
            failure.append(error)
        put(_END)

    def consume() -> Iterator[T]:
        while (item := slots.get()) is not _END:
            yield item  # type: ignore[misc]
        if failure:
            raise failure[0]

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        yield consume()
    finally:
        stop.set()
        thread.join()
