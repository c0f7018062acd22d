"""``/api/v1/videos/{id}/…``: the overlay video, the hold photos, the summary image."""

import json
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, Response

from serving.errors import NotFoundError
from serving.http.access.prefix import prefix_of
from serving.http.files.ranges import check_range
from serving.http.files.stored_files import stored_file
from serving.http.openapi import Responses, problems
from serving.http.own_jobs import JobsDep
from serving.http.schemas import HoldPhotosOut
from serving.overlay.files import HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE, moment_file, photo_file
from serving.overlay.moments import Moment

router = APIRouter(prefix="/videos", tags=["videos"])

HoldNumber = Annotated[
    int, Path(ge=1, le=1_000_000, description="Number of the hold, starting at 1.")
]

_OVERLAY_TYPE, _PHOTO_TYPE, _SUMMARY_TYPE = "video/mp4", "image/jpeg", "image/png"


def _file(media_type: str, description: str) -> Responses:
    return {200: {"description": description, "content": {media_type: {}}}}


@router.get(
    "/{video_id}/overlay.mp4",
    response_class=FileResponse,
    responses=problems(404, 409, 416, 422, 503)
    | _file(_OVERLAY_TYPE, "The video.")
    | {206: {"description": "The requested range of it.", "content": {_OVERLAY_TYPE: {}}}},
)
def get_overlay(request: Request, video_id: str, jobs: JobsDep) -> Response:
    """The video with the poses drawn on it and its original sound; supports range requests."""
    job = jobs.get_drawn(video_id)
    path = stored_file(job, OVERLAY_FILE)
    check_range(request.headers.get("range"), path.stat().st_size)
    return FileResponse(
        path,
        media_type=_OVERLAY_TYPE,
        filename=_file_name(job.source, "_overlay.mp4"),
        content_disposition_type="inline",
    )


@router.get(
    "/{video_id}/summary.png",
    response_class=FileResponse,
    responses=problems(404, 409, 422, 503) | _file(_SUMMARY_TYPE, "The image."),
)
def get_summary(video_id: str, jobs: JobsDep) -> FileResponse:
    """The routine on one page: the ribbon of poses, the best holds, the totals."""
    job = jobs.get_drawn(video_id)
    return FileResponse(
        stored_file(job, SUMMARY_FILE),
        media_type=_SUMMARY_TYPE,
        filename=_file_name(job.source, "_summary.png"),
        content_disposition_type="inline",
    )


@router.get("/{video_id}/holds", responses=problems(404, 409, 422, 503))
def list_holds(request: Request, video_id: str, jobs: JobsDep) -> HoldPhotosOut:
    """The holds in chronological order, each with the path of its photo."""
    job = jobs.get_drawn(video_id)
    holds: list[dict[str, Any]] = json.loads(
        stored_file(job, HOLDS_FILE).read_text(encoding="utf-8")
    )
    here = f"{prefix_of(request.scope)}/api/v1/videos/{video_id}"
    for hold in holds:
        hold["photo"] = f"{here}/{photo_file(hold['number'])}"
        # Earlier versions took one photo of each hold.
        hold["moments"] = [
            {
                "moment": moment,
                "time_s": time_s,
                "picture": f"{here}/holds/{hold['number']}/{moment}.jpg",
            }
            for moment, time_s in hold.pop("moments_s", {}).items()
        ]
    return HoldPhotosOut.model_validate({"holds": holds})


@router.get(
    "/{video_id}/holds/{number}.jpg",
    response_class=FileResponse,
    responses=problems(404, 409, 422, 503) | _file(_PHOTO_TYPE, "The photo."),
)
def get_hold_photo(
    video_id: str,
    number: HoldNumber,
    jobs: JobsDep,
) -> FileResponse:
    """A hold at its steadiest moment, in the resolution of the video."""
    job = jobs.get_drawn(video_id)
    path = job.folder / photo_file(number)
    if not path.is_file():
        raise NotFoundError(f"This video has no hold number {number}. See its `holds`.")
    return FileResponse(
        path,
        media_type=_PHOTO_TYPE,
        filename=_file_name(job.source, f"_hold_{number}.jpg"),
        content_disposition_type="inline",
    )


@router.get(
    "/{video_id}/holds/{number}/{moment}.jpg",
    response_class=FileResponse,
    responses=problems(404, 409, 422, 503) | _file(_PHOTO_TYPE, "The picture."),
)
def get_hold_moment(
    video_id: str, number: HoldNumber, moment: Moment, jobs: JobsDep
) -> FileResponse:
    """A moment of a hold: the performer with the pose's ideal line, dashed, beside the real one."""
    job = jobs.get_drawn(video_id)
    path = job.folder / moment_file(number, moment)
    if not path.is_file():
        raise NotFoundError(
            f"This video has no picture of hold number {number}. See its `holds`; videos analysed "
            "by earlier versions have none."
        )
    return FileResponse(
        path,
        media_type=_PHOTO_TYPE,
        filename=_file_name(job.source, f"_hold_{number}_{moment}.jpg"),
        content_disposition_type="inline",
    )


def _file_name(source: str, ending: str) -> str:
    return FilePath(source).stem + ending
