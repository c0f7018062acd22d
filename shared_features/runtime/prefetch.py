"""Iterating in a background thread, a few items ahead of the reader."""

import queue
import threading
from collections.abc import Iterator
from typing import Generic, Self, TypeVar

T = TypeVar("T")

_STOP_CHECK_S = 0.1


class Prefetched(Generic[T]):
    """Reads ``items`` in a background thread, up to ``depth`` items ahead.

    Decoding a video releases Python's global lock, so the next frames are ready by the time the
    pose network needs them. Use as a context manager and iterate once. An exception in ``items`` is
    raised in place of the missing item. Leaving the block stops the thread, even half-way.

    Args:
        items: Items to read, in the background thread only.
        depth: Number of items that may wait to be read; one more may be held by the thread.
    """

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._slots: queue.Queue[tuple[T] | None] = queue.Queue(maxsize=depth)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._produce, name="prefetch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        while (slot := self._slots.get()) is not None:
            yield slot[0]
        if self._failure is not None:
            raise self._failure

    def _produce(self) -> None:
        try:
            for item in self._items:
                if not self._put((item,)):
                    return
        except BaseException as error:  # raised in the thread that iterates
            self._failure = error
        self._put(None)

    def _put(self, slot: tuple[T] | None) -> bool:
        """Wait for room; False when the reader has stopped."""
        while not self._stop.is_set():
            try:
                self._slots.put(slot, timeout=_STOP_CHECK_S)
            except queue.Full:
                continue
            return True
        return False
