"""One task over many files or jobs: on the processes of this machine, or on a Dask cluster.

``each_done`` is for files, and for runs of hours: a file that cannot be read fails alone and the
run continues. A folder that cannot be written to affects every file and stops the run. If a worker
dies, because memory ran out for instance, its file is tried again, and reported if that fails too.

``in_processes`` is for computations: the first failure ends them.

Workers of a cluster need the same version of this package, and recordings, results and the pose
model under the same paths as on this machine.
"""

import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from shared_features.errors import PoseAssetError, StrapsError
from shared_features.runtime.cores import usable_cores
from training.errors import TrainingError
from training.runtime.cluster import run_on_cluster
from training.runtime.process_pool import Died, run_in_pool
from training.runtime.unwritable import cannot_write

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Failed:
    """Takes the place of the result of a failed job.

    Attributes:
        reason: Sentence for the person who started the run.
    """

    reason: str


@dataclass(frozen=True)
class _Stop:
    """Takes the place of a result when no other job could be done either.

    Attributes:
        reason: What stops the run.
        number: The system's number of the error if results cannot be written; else None.
    """

    reason: str
    number: int | None = None


@dataclass(frozen=True)
class _Raised:
    """Takes the place of a result when the task raised an exception."""

    error: Exception


@dataclass(frozen=True)
class Workers:
    """Where work is done.

    Attributes:
        processes: Number of processes on this machine; None: one per usable processor core.
        cluster: Address of a Dask scheduler to use instead.
    """

    processes: int | None = None
    cluster: str | None = None


def each_done(
    task: Callable[[Job], Result], jobs: Sequence[Job], folder: Path, workers: Workers
) -> Iterator[tuple[Job, Result | Failed]]:
    """Results as they are finished, in no particular order.

    Args:
        task: Function of a module, since workers import it. It writes its results to disk. A
            ``StrapsError`` it raises fails its job, an ``OSError`` stops the run.
        jobs: Arguments of the task.
        folder: Folder it writes to, for messages.
        workers: Where it runs.

    Raises:
        TrainingError: Results cannot be written, the pose model cannot be used, or the cluster
            cannot be reached. Finished results stay.
    """
    if not jobs:
        return
    attempt = partial(_attempt, task)
    if workers.cluster is None:
        results = run_in_pool(attempt, jobs, workers.processes or usable_cores())
    else:
        results = run_on_cluster(attempt, jobs, workers.cluster)
    with closing(results):
        for job, result in results:
            if isinstance(result, _Stop):
                raise TrainingError(
                    result.reason
                    if result.number is None
                    else cannot_write(folder, OSError(result.number, result.reason))
                )
            yield job, Failed(result.reason) if isinstance(result, Died) else result


def in_processes(
    task: Callable[[Job], Result], jobs: Sequence[Job], processes: int | None = None
) -> Generator[tuple[Job, Result]]:
    """Results as they are finished, in no particular order; they are kept in memory only.

    The cores are shared out: each worker uses its share of threads for linear algebra.

    Args:
        task: Function of a module, since workers import it.
        jobs: Arguments of the task.
        processes: Number of processes; 1: this one; None: one per usable processor core.

    Raises:
        TrainingError: A worker died, twice at the same job.
        Exception: Whatever the task raises.
    """
    cores = usable_cores()
    processes = min(processes or cores, len(jobs))
    if processes <= 1:
        yield from ((job, task(job)) for job in jobs)
        return
    threads = max(1, cores // processes)
    with closing(run_in_pool(partial(_catch, task), jobs, processes, threads)) as results:
        for job, result in results:
            if isinstance(result, _Raised):
                raise result.error
            if isinstance(result, Died):
                raise TrainingError(f"{job}: {result.reason}.")
            yield job, result


def _attempt(task: Callable[[Job], Result], job: Job) -> Result | Failed | _Stop:
    try:
        return task(job)
    except PoseAssetError as error:
        return _Stop(str(error))
    except StrapsError as error:
        return Failed(str(error))
    except OSError as error:
        return _Stop(error.strerror or str(error), error.errno or 0)
    except Exception as error:  # A worker's boundary: one odd file must not end a night's run.
        return Failed(f"unexpected {type(error).__name__}: {error}")


def _catch(task: Callable[[Job], Result], job: Job) -> Result | _Raised:
    try:
        return task(job)
    except Exception as error:  # Raised again in the process that asked.
        # A traceback does not survive the way between processes.
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        return _Raised(error)
