"""From the states of a job's workflows to the state of the job."""

from datetime import UTC, datetime
from pathlib import Path

from serving.exports.files import ANGLES_FILE, SCORES_FILE
from serving.jobs.database.stored import Workflow
from serving.jobs.job import Job, JobState, Overlay, OverlayState
from serving.jobs.work.running_job import JobProgress

_BROKEN = (
    "The analysis ended unexpectedly, repeatedly if it could be retried. See the service's log for "
    "details. Delete the video and upload the original file again."
)
_OVERLAY_BROKEN = (
    "Drawing the overlay failed several times. The timeline is complete nevertheless; see the "
    "service's log for details."
)


def job_of(
    folder: Path,
    analysis: Workflow,
    overlay: Workflow | None,
    analyzed: JobProgress,
    drawn: JobProgress,
) -> Job:
    """Build a job from its workflows.

    Args:
        folder: Folder of the job.
        analysis: Workflow of the analysis.
        overlay: Workflow of the overlay; None until the analysis has succeeded.
        analyzed: Progress of the analysis.
        drawn: Progress of the overlay.
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
        id=analysis.job_id,
        source=analysis.given.source,
        folder=folder,
        media=analysis.given.media,
        state=state,
        created_at=datetime.fromtimestamp(analysis.given.created_s, UTC),
        frames_done=analyzed.done,
        frames_total=analyzed.total,
        problem=problem,
        overlay=_overlay_of(overlay, analyzed, drawn) if state == JobState.DONE else None,
        owner=analysis.given.owner,
        has_angles=(folder / ANGLES_FILE).is_file(),
        has_scores=(folder / SCORES_FILE).is_file(),
    )


def _overlay_of(workflow: Workflow | None, analyzed: JobProgress, drawn: JobProgress) -> Overlay:
    if workflow is None or workflow.state == "waiting":
        return Overlay(OverlayState.WAITING, 0, None)
    if workflow.state == "running":
        return Overlay(OverlayState.RENDERING, drawn.done, None)
    if workflow.state == "broken":
        return Overlay(OverlayState.FAILED, 0, _OVERLAY_BROKEN)
    if workflow.outcome is not None:
        return Overlay(OverlayState.FAILED, 0, workflow.outcome)
    return Overlay(OverlayState.READY, analyzed.done, None)
