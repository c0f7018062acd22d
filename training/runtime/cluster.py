"""One task over many jobs on a Dask cluster."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

from training.errors import TrainingError
from training.runtime.process_pool import Died

Job = TypeVar("Job")
Result = TypeVar("Result")

_CONNECT_TIMEOUT_S = 20


def run_on_cluster(
    task: Callable[[Job], Result], jobs: Sequence[Job], address: str
) -> Generator[tuple[Job, Result | Died]]:
    """Results as they are finished, in no particular order.

    Raises:
        TrainingError: The cluster cannot be reached.
    """
    from distributed import Client, KilledWorker, as_completed

    # distributed has type hints in places only.
    connect: Any = Client
    in_order_of_completion: Any = as_completed
    try:
        client = connect(address, timeout=_CONNECT_TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The Dask cluster at {address} cannot be reached ({error}). Expected the address of "
            "a running scheduler, such as tcp://host:8786."
        ) from error
    with client:
        # The scheduler repeats a task whose worker is lost, up to
        # `distributed.scheduler.allowed-failures` times.
        futures = client.map(task, jobs, pure=False)
        by_key = {future.key: job for future, job in zip(futures, jobs, strict=True)}
        for future in in_order_of_completion(futures):
            failure = future.exception()
            if failure is None:
                yield by_key[future.key], future.result()
            elif isinstance(failure, KilledWorker):
                yield by_key[future.key], Died("every worker of the cluster that tried it died")
            else:
                yield by_key[future.key], Died(_cannot_run(failure))
            future.release()


def _cannot_run(failure: Exception) -> str:
    return (
        f"the cluster's worker could not run it ({type(failure).__name__}: {failure}); it needs "
        "the same version of this package, and the same files under the same paths"
    )
