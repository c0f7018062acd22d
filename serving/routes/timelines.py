"""``/api/v1/videos/{id}/timeline``: which pose when, in the format the client likes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from serving.exports import FILE_NAMES, MEDIA_TYPES, ExportFormat
from serving.negotiation import chosen_format
from serving.openapi import problems
from serving.schemas import TimelineOut
from serving.services import ServicesDep

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
            },
        }
    },
)
def get_timeline(
    request: Request,
    video_id: str,
    services: ServicesDep,
    format: Annotated[
        ExportFormat | None,
        Query(description="csv: a row per frame; segments: a row per segment, as CSV too."),
    ] = None,
) -> FileResponse:
    """The timeline of a finished analysis, by `format` or else by `Accept`."""
    wanted = format or chosen_format(request.headers.get("accept"))
    folder = services.jobs.finished_folder(video_id)
    return FileResponse(
        folder / FILE_NAMES[wanted],
        media_type=MEDIA_TYPES[wanted],
        filename=FILE_NAMES[wanted],
        content_disposition_type="attachment" if format else "inline",
        headers={"Vary": "Accept"},
    )
