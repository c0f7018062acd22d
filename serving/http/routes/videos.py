"""``/api/v1/videos``: uploaded videos and their analyses."""

import os
import shutil
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from serving.analysis import LEAST_SLOW_MOTION, MOST_SLOW_MOTION
from serving.errors import NotFoundError
from serving.http.access.client import limited_as
from serving.http.access.prefix import prefix_of
from serving.http.bodies.answers import json_answer
from serving.http.bodies.uploads import BodyLimits, begin_form, receive_file
from serving.http.files.ranges import check_range
from serving.http.files.stored_files import stored_file
from serving.http.off_loop import off_loop
from serving.http.openapi import file_form, problems
from serving.http.own_jobs import JobsDep
from serving.http.schemas import JobListOut, JobOut, OverlayOut, ProblemOut
from serving.http.services import ServicesDep
from serving.jobs import Job, JobState, OverlayState
from serving.overlay.files import OVERLAY_FILE, SUMMARY_FILE

router = APIRouter(prefix="/videos", tags=["videos"])

# Media types for players; never a type that a browser would execute.
_VIDEO_TYPES: dict[str, str] = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".ts": "video/mp2t",
    ".ogv": "video/ogg",
}

# For files whose names do not say what they are.
_UNKNOWN_TYPE = "application/octet-stream"
_MEDIA_CONTENT: dict[str, dict[str, str]] = {"video/*": {}, _UNKNOWN_TYPE: {}}


@router.post(
    "",
    status_code=202,
    responses=problems(400, 408, 413, 415, 422, 503, 507),
    openapi_extra=file_form("A recording: MP4, MOV, MKV, WebM, AVI and others."),
)
async def upload_video(
    request: Request,
    response: Response,
    services: ServicesDep,
    jobs: JobsDep,
    slow_motion: Annotated[
        float | None,
        Query(
            ge=LEAST_SLOW_MOTION,
            le=MOST_SLOW_MOTION,
            allow_inf_nan=False,
            description="How many times slower than real the video plays: 8 for 240 frames per "
            "second played at 30. Times and durations become the performer's. Without it, what "
            "the file says is used: some phones note it.",
        ),
    ] = None,
) -> JobOut:
    """Accept a video and queue its analysis; `Location` is the path of its state."""
    services.engine.classifier()
    serving = services.settings.serving
    limits = BodyLimits.of(serving, serving.max_upload_mb)
    with services.uploads.one(limited_as(request.scope)):
        await run_in_threadpool(jobs.require_slot)
        form = await begin_form(request, limits)
        async with (
            off_loop(jobs.reserve_slot()),
            off_loop(services.data_dir.receiving()) as folder,
        ):
            upload = await receive_file(form, folder)
            job = await run_in_threadpool(
                jobs.submit, folder, upload.path.name, upload.source, slow_motion
            )
    return _accepted(request, response, job)


@router.post("/demo", status_code=202, responses=problems(404, 503, 507))
def analyze_demo(
    request: Request, response: Response, services: ServicesDep, jobs: JobsDep
) -> JobOut:
    """Queue an analysis of the demo performance."""
    services.engine.classifier()
    demo = services.settings.serving.demo_video
    if not demo.is_file():
        raise NotFoundError(
            "The demo performance is not installed. Set `serving.demo_video` in params.yaml. "
            "Uploading your own videos works without it."
        )
    services.data_dir.space.require(demo.stat().st_size)
    with jobs.reserve_slot(), services.data_dir.receiving() as folder:
        media = f"performance{demo.suffix.lower()}"
        _link_or_copy(demo, folder / media)
        job = jobs.submit(folder, media, demo.name)
    return _accepted(request, response, job)


@router.get("", response_model=JobListOut, responses=problems(503))
def list_videos(request: Request, jobs: JobsDep) -> Response:
    """All videos, newest first."""
    return json_answer(JobListOut(videos=[job_out(request, job) for job in jobs.all()]))


@router.get("/{video_id}", responses=problems(404, 422, 503))
def get_video(request: Request, video_id: str, jobs: JobsDep) -> JobOut:
    """The state and progress of a video's analysis."""
    return job_out(request, jobs.get(video_id))


@router.post("/{video_id}/overlay", status_code=202, responses=problems(404, 409, 422, 503))
def redraw_overlay(request: Request, video_id: str, jobs: JobsDep) -> JobOut:
    """Draw the overlay video and the images again, for example after a failure."""
    return job_out(request, jobs.redraw(video_id))


@router.delete("/{video_id}", status_code=204, responses=problems(404, 422, 503))
def delete_video(video_id: str, jobs: JobsDep) -> Response:
    """Delete a video and all its results; a running analysis is stopped."""
    jobs.delete(video_id)
    return Response(status_code=204)


@router.get(
    "/{video_id}/media",
    response_class=FileResponse,
    responses=problems(404, 416, 422, 503)
    | {
        200: {"description": "The video.", "content": _MEDIA_CONTENT},
        206: {"description": "The requested range of it.", "content": _MEDIA_CONTENT},
    },
)
def get_media(request: Request, video_id: str, jobs: JobsDep) -> Response:
    """The uploaded video, unchanged; supports range requests."""
    return _media(request, jobs.get(video_id))


def job_out(request: Request, job: Job) -> JobOut:
    """A job as an API response."""
    here = f"{prefix_of(request.scope)}/api/v1/videos/{job.id}"
    links = {"self": here, "media": f"{here}/media"}
    if job.state == JobState.DONE:
        links["timeline"] = f"{here}/timeline"
        if job.has_angles:
            links["angles"] = f"{here}/angles"
        if job.has_scores:
            links["scores"] = f"{here}/scores"
    overlay = None
    if job.overlay is not None:
        overlay = OverlayOut(
            status=job.overlay.state,
            frames_done=job.overlay.frames_done,
            problem=job.overlay.problem,
        )
        if job.overlay.state == OverlayState.READY:
            links["overlay"] = f"{here}/{OVERLAY_FILE}"
            links["summary"] = f"{here}/{SUMMARY_FILE}"
            links["holds"] = f"{here}/holds"
    problem = None
    if job.problem is not None:
        problem = ProblemOut(
            type="about:blank",
            title="Unprocessable Content",
            status=422,
            detail=job.problem,
            instance=here,
        )
    return JobOut(
        id=job.id,
        source=job.source,
        status=job.state,
        created_at=job.created_at,
        frames_done=job.frames_done,
        frames_total=job.frames_total,
        problem=problem,
        overlay=overlay,
        links=links,
    )


def _accepted(request: Request, response: Response, job: Job) -> JobOut:
    accepted = job_out(request, job)
    response.headers["Location"] = accepted.links["self"]
    return accepted


def _media(request: Request, job: Job) -> Response:
    path = stored_file(job, job.media)
    check_range(request.headers.get("range"), path.stat().st_size)
    return FileResponse(
        path,
        media_type=_VIDEO_TYPES.get(path.suffix, _UNKNOWN_TYPE),
        filename=job.source,
        content_disposition_type="inline",
    )


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # free if both are on the same disk
    except OSError:
        shutil.copyfile(source, target)
