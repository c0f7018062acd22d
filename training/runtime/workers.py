"""One task over many files: on local processes, or on a Dask cluster.

A file that cannot be read is that file's failure and the rest goes on. A disk that cannot be
written to concerns every file, and stops the run. A worker that dies (killed for want of memory,
say) takes nobody with it: its file is tried once more, then named.

Workers of a cluster need the same version of this package, and see recordings, results and the pose
model under the same paths as the machine that asks.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from shared_features.errors import PoseAssetError, StrapsError
from shared_features.runtime.cores import usable_cores
from training.errors import TrainingError

Job = TypeVar("Job")
Result = TypeVar("Result")

_ATTEMPTS = 2
_GRACE_S = 5.0
_CONNECT_TIMEOUT_S = 20


@dataclass(frozen=True)
class Failed:
    """Stands for the result of a job that could not be done.

    Attributes:
        reason: a sentence for the person who started the run.
    """

    reason: str


@dataclass(frozen=True)
class _Stop:
    """Stands for a result when no other job could be done either."""

    reason: str
    unwritable: bool = False


@dataclass(frozen=True)
class _Died:
    """Stands for the result of a worker that is no more."""


@dataclass(frozen=True)
class Workers:
    """Where work is done.

    Attributes:
        processes: on this machine; None: one per processor core.
        cluster: address of a Dask scheduler, which is then used instead.
    """

    processes: int | None = None
    cluster: str | None = None


def each_done(
    task: Callable[[Job], Result], jobs: Sequence[Job], folder: Path, workers: Workers
) -> Iterator[tuple[Job, Result | Failed]]:
    """Results as they come, in no particular order.

    Args:
        task: a function of a module (workers import it) that writes its results to disk. A
            ``StrapsError`` it raises fails its job, an ``OSError`` stops the run.
        jobs: what it is called with.
        folder: where it writes, for messages.
        workers: where it runs.

    Raises:
        TrainingError: results cannot be written, the pose model cannot be used, or the cluster
            cannot be reached. What is done stays done.
    """
    if not jobs:
        return
    if workers.cluster is None:
        results = _on_processes(task, jobs, workers.processes or usable_cores())
    else:
        results = _on_cluster(task, jobs, workers.cluster)
    with closing(results):
        for job, result in results:
            if isinstance(result, _Stop):
                raise TrainingError(
                    cannot_write(folder, result.reason) if result.unwritable else result.reason
                )
            yield job, result


def cannot_write(folder: Path, reason: str) -> str:
    """A message for when results cannot be written, and never will be without help."""
    return (
        f"Nothing can be written to {folder} ({reason}). Free some space or choose another "
        "folder, then run the same command again: what is finished stays, and it goes on from "
        "there."
    )


def _attempt(task: Callable[[Job], Result], job: Job) -> Result | Failed | _Stop:
    try:
        return task(job)
    except PoseAssetError as error:
        return _Stop(str(error))
    except StrapsError as error:
        return Failed(str(error))
    except OSError as error:
        return _Stop(error.strerror or str(error), unwritable=True)
    except Exception as error:  # the boundary of a worker: one odd file must not end a night's run
        return Failed(f"unexpected {type(error).__name__}: {error}")


class _Worker(Generic[Job, Result]):
    """A process that does one job after the other.

    Spawned, not forked: MediaPipe's threads do not survive a fork.
    """

    def __init__(self, task: Callable[[Job], Result]) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        # With our copy closed, the worker's death shows as the end of the connection.
        theirs.close()
        # Sent, not an argument of the process: a large argument waits forever for a process that
        # dies before it has read it.
        self._send(task)

    def start(self, job: Job) -> None:
        """Give it a job."""
        self._send(job)

    def _send(self, message: object) -> None:
        try:
            self.connection.send(message)
        except ConnectionError:
            return  # it is dead already, which `result` will find

    def result(self) -> Result | Failed | _Stop | _Died:
        """What came of the job."""
        try:
            result: Result | Failed | _Stop = self.connection.recv()
        except (EOFError, ConnectionError):
            return _Died()
        return result

    def how_it_died(self) -> str:
        """For a message."""
        self._process.join(_GRACE_S)
        code = self._process.exitcode
        if code == -signal.SIGKILL:
            return "its worker process was killed, most likely because memory ran out"
        return f"its worker process ended unexpectedly (exit code {code})"

    def ask_to_end(self) -> None:
        """Politely, so that it can remove what it has half written."""
        self.connection.close()
        self._process.terminate()

    def end(self) -> None:
        """End the process, whether it agrees or not."""
        self.ask_to_end()
        self._process.join(_GRACE_S)
        self._process.kill()
        self._process.join()


def _serve(jobs: Any) -> None:
    """Receives the task, then one job after the other."""
    # Ctrl+C reaches every process of a terminal; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        task = jobs.recv()
        while True:
            jobs.send(_attempt(task, jobs.recv()))
    except EOFError:
        return


def _exit(*_: object) -> NoReturn:
    sys.exit(1)


def _end_with_parent() -> None:
    """A worker must not go on when the run that it belongs to has been killed."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _on_processes(
    task: Callable[[Job], Result], jobs: Sequence[Job], processes: int
) -> Generator[tuple[Job, Result | Failed | _Stop]]:
    waiting = deque((job, 1) for job in jobs)
    running: dict[Any, tuple[_Worker[Job, Result], Job, int]] = {}
    idle: list[_Worker[Job, Result]] = []
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                worker = idle.pop() if idle else _Worker[Job, Result](task)
                job, attempt = waiting.popleft()
                worker.start(job)
                running[worker.connection] = worker, job, attempt
            for ready in connection.wait(list(running)):
                worker, job, attempt = running.pop(ready)
                result = worker.result()
                if not isinstance(result, _Died):
                    idle.append(worker)
                    yield job, result
                    continue
                reason = worker.how_it_died()
                worker.end()
                if attempt < _ATTEMPTS:
                    waiting.append((job, attempt + 1))
                else:
                    yield job, Failed(f"{reason}, {attempt} times")
    finally:
        left = [*idle, *(worker for worker, _, _ in running.values())]
        # All are asked before one is waited for.
        for worker in left:
            worker.ask_to_end()
        for worker in left:
            worker.end()


def _on_cluster(
    task: Callable[[Job], Result], jobs: Sequence[Job], address: str
) -> Generator[tuple[Job, Result | Failed | _Stop]]:
    from distributed import Client, KilledWorker, as_completed

    try:
        client: Any = Client(address, timeout=_CONNECT_TIMEOUT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The Dask cluster at {address} cannot be reached ({error}). Expected the address of "
            "a running scheduler, such as tcp://host:8786."
        ) from error
    with client:
        # A task whose worker is lost is done again by the scheduler, as often as its
        # `distributed.scheduler.allowed-failures` says.
        futures = client.map(partial(_attempt, task), jobs, pure=False)
        by_key = {future.key: job for future, job in zip(futures, jobs, strict=True)}
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            failure = future.exception()
            if failure is None:
                yield by_key[future.key], future.result()
            elif isinstance(failure, KilledWorker):
                yield by_key[future.key], Failed("every worker of the cluster that tried it died")
            else:
                yield by_key[future.key], Failed(_not_run(failure))
            future.release()


def _not_run(failure: Exception) -> str:
    return (
        f"the cluster's worker could not run it ({type(failure).__name__}: {failure}); it needs "
        "the same version of this package, and the same files under the same paths"
    )
