"""Uploaded videos: a durable queue, the jobs in it, and the work done for each.

Other packages import from here and from no module of this one.
"""

from serving.jobs.database.opening import rebuild_queue
from serving.jobs.inspection import inspect_data_dir
from serving.jobs.job import Job, JobState, OverlayState
from serving.jobs.queue import JobQueue
from serving.jobs.work.running_job import CancelledError, JobProgress, RunningJob, StoppedError
from serving.jobs.work.worker import JobFailedError, run_in_worker

__all__ = [
    "CancelledError",
    "Job",
    "JobFailedError",
    "JobProgress",
    "JobQueue",
    "JobState",
    "OverlayState",
    "RunningJob",
    "StoppedError",
    "inspect_data_dir",
    "rebuild_queue",
    "run_in_worker",
]
