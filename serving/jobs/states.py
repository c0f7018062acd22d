"""What a job's workflows say about it: from the queue's words to those of the API."""

from datetime import UTC, datetime

from serving.jobs.analysis import Progress
from serving.jobs.job import Job, JobState, Overlay, OverlayState
from serving.jobs.workflows import Workflow

_BROKEN = (
    "The analysis ended unexpectedly, several times if it could be tried again. The service's log "
    "says more. Delete the video and send the original file again."
)
_OVERLAY_BROKEN = (
    "The overlay could not be drawn, several times. The timeline is complete all the same; the "
    "service's log says more."
)


def job_of(
    analysis: Workflow,
    overlay: Workflow | None,
    analysed: Progress,
    drawn: Progress,
    has_angles: bool,
) -> Job:
    """A job as the rest of the service sees it.

    Args:
        analysis: its analysis.
        overlay: its overlay; None as long as the analysis goes on.
        analysed: how far the analysis is.
        drawn: how far the overlay is.
        has_angles: whether its file of joint angles is there.
    """
    state, problem = JobState.FAILED, analysis.outcome
    if analysis.state == "waiting":
        state = JobState.QUEUED
    elif analysis.state == "running":
        state = JobState.PROCESSING
    elif analysis.state == "broken":
        problem = _BROKEN
    elif problem is None:
        state = JobState.DONE
    return Job(
        id=analysis.id,
        source=analysis.given.source,
        media=analysis.given.media,
        state=state,
        created_at=datetime.fromtimestamp(analysis.given.created_s, UTC),
        frames_done=analysed.done,
        frames_total=analysed.total,
        problem=problem,
        overlay=_overlay_of(overlay, analysed, drawn) if state == JobState.DONE else None,
        has_angles=has_angles,
    )


def _overlay_of(workflow: Workflow | None, analysed: Progress, drawn: Progress) -> Overlay:
    if workflow is None or workflow.state == "waiting":
        return Overlay(OverlayState.WAITING, 0, None)
    if workflow.state == "running":
        return Overlay(OverlayState.RENDERING, drawn.done, None)
    if workflow.state == "broken":
        return Overlay(OverlayState.FAILED, 0, _OVERLAY_BROKEN)
    if workflow.outcome is not None:
        return Overlay(OverlayState.FAILED, 0, workflow.outcome)
    return Overlay(OverlayState.READY, analysed.done, None)
