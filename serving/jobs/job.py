"""An uploaded video, its analysis and its overlay, as the rest of the service sees them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class OverlayState(StrEnum):
    """State of a finished job's overlay video and images."""

    WAITING = "waiting"
    RENDERING = "rendering"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Overlay:
    """Progress of the overlay video and images.

    Attributes:
        state: State of the drawing.
        frames_done: Number of frames drawn.
        problem: Reason for the failure; None unless the drawing failed.
    """

    state: OverlayState
    frames_done: int
    problem: str | None


class JobState(StrEnum):
    """State of a job's analysis."""

    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """An uploaded video and the progress of its analysis.

    Attributes:
        id: ID of the job.
        source: Name the owner gave the video.
        folder: Folder with the job's files.
        media: Name of the uploaded file in that folder.
        state: State of the analysis.
        created_at: Time of the upload.
        frames_done: Number of frames analysed.
        frames_total: Number of frames the video announces; None when it announces none.
        problem: Reason for the failure; None unless the analysis failed.
        overlay: The overlay video and images; None unless the job is done.
        owner: Name of the client that sent the video; empty on a service without tokens.
        has_angles: Whether the folder has a file of joint angles; early versions wrote none.
        has_scores: Whether the folder has a file of scores; earlier versions wrote none.
    """

    id: str
    source: str
    folder: Path
    media: str
    state: JobState
    created_at: datetime
    frames_done: int
    frames_total: int | None
    problem: str | None
    overlay: Overlay | None
    owner: str
    has_angles: bool
    has_scores: bool

    @property
    def media_path(self) -> Path:
        """Path of the uploaded video."""
        return self.folder / self.media
