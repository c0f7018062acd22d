"""``/api/v1/videos/{id}/angles``: joint angles over time."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from serving.exports.files import ANGLES_FILE
from serving.http.files.stored_files import stored_file
from serving.http.openapi import problems
from serving.http.own_jobs import JobsDep
from serving.http.schemas import AnglesOut

router = APIRouter(prefix="/videos", tags=["videos"])


@router.get(
    "/{video_id}/angles",
    response_class=FileResponse,
    responses=problems(404, 409, 422, 503)
    | {
        200: {
            "description": "The joint angles.",
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{AnglesOut.__name__}"}
                }
            },
        }
    },
)
def get_angles(video_id: str, jobs: JobsDep) -> FileResponse:
    """Joint angles over time, as the camera sees them; at most 2000 moments, evenly thinned."""
    path = stored_file(jobs.get_analyzed(video_id), ANGLES_FILE)
    return FileResponse(
        path, media_type="application/json", filename=ANGLES_FILE, content_disposition_type="inline"
    )
