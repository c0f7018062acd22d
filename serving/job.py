"""What is known about an uploaded video and its analysis."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """An uploaded video and how far its analysis is.

    Attributes:
        id: of the job.
        source: the name its owner gave the video.
        media: name of the uploaded file in the job's folder.
        state: where it is.
        created_at: when it was uploaded.
        frames_done: number of frames analysed.
        frames_total: number of frames the video says it has; None when it says nothing.
        problem: why it failed; None unless it has.
    """

    id: str
    source: str
    media: str
    state: JobState
    created_at: datetime
    frames_done: int
    frames_total: int | None
    problem: str | None
