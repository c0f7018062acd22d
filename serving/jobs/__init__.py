"""Uploaded videos: a durable queue, the jobs in it, their folders, and the work done for each.

Other packages import from here and from no module of this one.
"""

from serving.jobs.data_dir import DataDir
from serving.jobs.job import Job, JobState, OverlayState
from serving.jobs.queue import JobQueue

__all__ = ["DataDir", "Job", "JobQueue", "JobState", "OverlayState"]
