"""``/api/v1/videos/{id}/scores``: the points of the holds, and what cost them."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from serving.exports.files import SCORES_FILE
from serving.http.files.stored_files import stored_file
from serving.http.openapi import problems
from serving.http.own_jobs import JobsDep
from serving.http.schemas import ScoresOut

router = APIRouter(prefix="/videos", tags=["videos"])


@router.get(
    "/{video_id}/scores",
    response_class=FileResponse,
    responses=problems(404, 409, 422, 503)
    | {
        200: {
            "description": "The scores.",
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{ScoresOut.__name__}"}
                }
            },
        }
    },
)
def get_scores(video_id: str, jobs: JobsDep) -> FileResponse:
    """The score of each hold: points from 0 to 100, what cost points, or why there are none."""
    path = stored_file(jobs.get_analyzed(video_id), SCORES_FILE)
    return FileResponse(
        path, media_type="application/json", filename=SCORES_FILE, content_disposition_type="inline"
    )
