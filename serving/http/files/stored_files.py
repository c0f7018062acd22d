"""The files of a job, as routes send them."""

from pathlib import Path

from serving.errors import NotFoundError
from serving.jobs import Job


def stored_file(job: Job, name: str) -> Path:
    """Path of a file that a job in this state has.

    Raises:
        NotFoundError: It is missing nevertheless.
    """
    path = job.folder / name
    if not path.is_file():
        raise NotFoundError(
            f"{name} is missing from the folder of this video. An early version that did not "
            "write it analysed the video, or the file was removed. Upload it again."
        )
    return path
