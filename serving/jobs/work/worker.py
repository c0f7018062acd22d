"""Runs the work of a job in a worker process: a crash or a hang costs one attempt, not the service.

What a file did to its process once, it may do again: after the second time the job fails, says why,
and keeps its upload.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from serving.jobs.work.running_job import RunningJob
from shared_features.errors import WorkerDiedError, WorkerTimeoutError
from shared_features.runtime.worker_pool import WorkerPool

_LOG = logging.getLogger(__name__)
_ATTEMPTS = 2


class JobFailedError(Exception):
    """The work took its process down every time; the message says how."""


def run_in_worker(
    job: RunningJob,
    pool: WorkerPool,
    stall_timeout_s: float,
    on_note: Callable[[Any], None],
    method: str,
    *arguments: object,
) -> Any:
    """Call a method of a worker's object, again if its process dies or makes no progress.

    Args:
        job: Interrupts the call when it is cancelled or the service stops.
        pool: Where workers come from.
        stall_timeout_s: A worker that reports nothing for this long is ended.
        on_note: Called with what the worker reports.
        method: Name of the method.
        arguments: What it is called with.

    Raises:
        JobFailedError: The process died, or was ended for want of progress, in every attempt.
        StoppedError, CancelledError: As ``RunningJob.check`` does; the process is ended.
        Exception: Whatever the method raised.
    """
    last_s = 0.0

    def hear(note: Any) -> None:
        nonlocal last_s
        last_s = time.monotonic()
        on_note(note)

    def check() -> None:
        job.check()
        if time.monotonic() - last_s > stall_timeout_s:
            raise WorkerTimeoutError(
                f"The worker process was ended: it made no progress for {stall_timeout_s:g} s."
            )

    for attempt in range(1, _ATTEMPTS + 1):
        last_s = time.monotonic()
        try:
            with pool.worker() as worker:
                return worker.call(method, *arguments, on_note=hear, check=check)
        except WorkerDiedError as error:
            _LOG.warning("attempt %d of %d failed: %s", attempt, _ATTEMPTS, error)
            problem = str(error)
    raise JobFailedError(f"{problem} This happened {_ATTEMPTS} times.")
