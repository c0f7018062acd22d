"""``/api/v1/videos/{id}/timeline``: the timeline, in the format the client prefers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from serving.exports.files import FILE_NAMES, MEDIA_TYPES, ExportFormat
from serving.http.files.negotiation import chosen_format
from serving.http.files.stored_files import stored_file
from serving.http.openapi import problems
from serving.http.own_jobs import JobsDep
from serving.http.schemas import TimelineOut
from shared_features.landmarks.track_csv import track_file_name

router = APIRouter(prefix="/videos", tags=["videos"])


@router.get(
    "/{video_id}/timeline",
    response_class=FileResponse,
    responses=problems(404, 406, 409, 422, 503)
    | {
        200: {
            "description": "The timeline.",
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{TimelineOut.__name__}"}
                },
                "text/csv": {"schema": {"type": "string"}},
                "text/vtt": {"schema": {"type": "string"}},
                "application/x-subrip": {"schema": {"type": "string"}},
                "text/x-eaf+xml": {"schema": {"type": "string"}},
            },
        }
    },
)
def get_timeline(
    request: Request,
    video_id: str,
    jobs: JobsDep,
    format: Annotated[
        ExportFormat | None,
        Query(
            description=(
                "csv: one row per frame; segments, landmarks: also CSV; vtt, srt: captions; "
                "eaf: ELAN."
            )
        ),
    ] = None,
) -> FileResponse:
    """The timeline of a finished analysis; `format` takes precedence over `Accept`."""
    wanted = format or chosen_format(request.headers.get("accept"))
    job = jobs.get_analyzed(video_id)
    path = stored_file(job, FILE_NAMES[wanted])
    name = path.name
    if wanted == "landmarks":  # the name the training toolkit expects
        name = track_file_name("video", job.source)
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[wanted],
        filename=name,
        content_disposition_type="attachment" if format else "inline",
        headers={"Vary": "Accept"},
    )
