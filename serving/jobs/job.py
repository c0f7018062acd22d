"""What is known about an uploaded video and its analysis."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OverlayState(StrEnum):
    """Where the overlay video and the pictures of a finished job are."""

    WAITING = "waiting"
    RENDERING = "rendering"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Overlay:
    """How far the overlay video and the pictures are.

    Attributes:
        state: where they are.
        frames_done: number of frames drawn.
        problem: why they failed; None unless they have.
    """

    state: OverlayState
    frames_done: int
    problem: str | None


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
        overlay: the video and the pictures made of it; None unless the job is done.
        has_angles: whether there is a file of joint angles; early versions wrote none.
    """

    id: str
    source: str
    media: str
    state: JobState
    created_at: datetime
    frames_done: int
    frames_total: int | None
    problem: str | None
    overlay: Overlay | None
    has_angles: bool
