"""Worker processes of one kind, started ahead of time and used again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared_features.runtime.worker_process import WorkerProcess


class WorkerPool:
    """Lends worker processes; one that died meanwhile is not lent again.

    It holds as many processes as were ever lent at the same time. Safe to share between threads.

    Args:
        make: A module-level function that makes a worker's object.
        arguments: What it is called with.
        niceness: Niceness added to that of this process.
        reuse: Keep a worker that comes back; False ends it, so that its memory is free.
    """

    def __init__(
        self,
        make: Callable[..., object],
        *arguments: object,
        niceness: int = 0,
        reuse: bool = True,
    ) -> None:
        self._make, self._arguments, self._niceness = make, arguments, niceness
        self._reuse = reuse
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._closed = False

    def prepare(self) -> None:
        """Start a process, if none is idle, so that the next borrower need not wait for it."""
        with self._lock:
            if not self._idle and not self._closed:
                self._idle.append(self._start())

    @contextmanager
    def worker(self) -> Iterator[WorkerProcess]:
        """A worker for one borrower at a time. If it dies, another one is started at once."""
        with self._lock:
            worker = self._idle.pop() if self._idle else self._start()
        try:
            yield worker
        finally:
            with self._lock:
                if self._closed or not self._reuse:
                    worker.end()
                elif worker.alive:
                    self._idle.append(worker)
                else:
                    worker.end()
                    self._idle.append(self._start())

    def close(self) -> None:
        """End the idle processes now, and the others when they are given back."""
        with self._lock:
            self._closed = True
            for worker in self._idle:
                worker.end()
            self._idle.clear()

    def _start(self) -> WorkerProcess:
        return WorkerProcess(self._make, *self._arguments, niceness=self._niceness)
