"""A pool of processes in which the death of a worker costs one attempt at one job.

``concurrent.futures`` and joblib give up on all jobs when a worker dies, for instance because
memory ran out.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import Any, Generic, NoReturn, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

_ATTEMPTS = 2
_GRACE_S = 5.0
# Read by OpenMP and by the BLAS of numpy and scipy when they are loaded.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Died:
    """Takes the place of a result when every worker that tried the job died.

    Attributes:
        reason: How the last worker died, as a phrase for a message.
    """

    reason: str


def run_in_pool(
    task: Callable[[Job], Result], jobs: Sequence[Job], processes: int, threads: int | None = None
) -> Generator[tuple[Job, Result | Died]]:
    """Results as they are finished, in no particular order.

    Workers end with the generator, and also when this process is killed.

    Args:
        task: Function of a module, since workers import it. It must not raise: a worker whose
            task raises dies.
        jobs: Arguments of the task.
        processes: Number of workers.
        threads: Number of threads for linear algebra in each worker; None: the library's default.
    """
    waiting = deque((job, 1) for job in jobs)
    running: dict[Any, tuple[_Worker[Job, Result], Job, int]] = {}
    idle: list[_Worker[Job, Result]] = []
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                worker = idle.pop() if idle else _Worker[Job, Result](task, threads)
                job, attempt = waiting.popleft()
                worker.start(job)
                running[worker.connection] = worker, job, attempt
            for ready in connection.wait(list(running)):
                worker, job, attempt = running.pop(ready)
                try:
                    result = worker.result()
                except EOFError:
                    reason = worker.cause_of_death()
                    worker.end()
                    if attempt < _ATTEMPTS:
                        waiting.append((job, attempt + 1))
                    else:
                        yield job, Died(f"{reason}, {attempt} times")
                else:
                    idle.append(worker)
                    yield job, result
    finally:
        left = [*idle, *(worker for worker, _, _ in running.values())]
        # Ask all of them to end before waiting for the first.
        for worker in left:
            worker.ask_to_end()
        for worker in left:
            worker.end()


class _Worker(Generic[Job, Result]):
    """A process that does one job after the other.

    It is spawned, not forked, since MediaPipe's threads do not survive a fork.
    """

    def __init__(self, task: Callable[[Job], Result], threads: int | None) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, threads), daemon=True)
        self._process.start()
        # With our copy closed, the worker's death shows as the end of the connection.
        theirs.close()
        # The task is sent, not given as an argument: a process that dies before it has read a
        # large argument would leave this one waiting forever.
        self._send(task)

    def start(self, job: Job) -> None:
        """Send the next job."""
        self._send(job)

    def _send(self, message: object) -> None:
        try:
            self.connection.send(message)
        except ConnectionError:
            return  # The worker is dead, which `result` will find out.

    def result(self) -> Result:
        """The result of the job.

        Raises:
            EOFError: The worker died.
        """
        try:
            result: Result = self.connection.recv()
        except ConnectionError as error:
            raise EOFError from error
        return result

    def cause_of_death(self) -> str:
        """How the worker died, as a phrase for a message."""
        self._process.join(_GRACE_S)
        code = self._process.exitcode
        if code == -signal.SIGKILL:
            return "its worker process was killed, most likely because memory ran out"
        return f"its worker process ended unexpectedly (exit code {code})"

    def ask_to_end(self) -> None:
        """Ask the process to end, so that it can remove its unfinished files."""
        self.connection.close()
        self._process.terminate()

    def end(self) -> None:
        """End the process, by force if it does not end by itself."""
        self.ask_to_end()
        self._process.join(_GRACE_S)
        self._process.kill()
        self._process.join()


def _serve(jobs: Any, threads: int | None) -> None:
    """Receive the task, then do one job after the other."""
    # Ctrl+C reaches every process of a terminal; the parent decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if threads is not None:
        os.environ |= dict.fromkeys(_THREAD_VARIABLES, str(threads))
    try:
        task = jobs.recv()
        while True:
            jobs.send(task(jobs.recv()))
    except EOFError:
        return


def _exit(*_: object) -> NoReturn:
    sys.exit(1)


def _end_with_parent() -> None:
    """End this worker when the run that it belongs to is killed."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
