"""``/api/v1/demo``: the performance that comes with the project, for a player."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from serving.errors import NotFoundError
from serving.http.openapi import problems
from serving.http.ranges import check_range
from serving.http.services import ServicesDep

router = APIRouter(prefix="/demo", tags=["demo"])


@router.get(
    "/performance.mp4",
    response_class=FileResponse,
    responses=problems(404, 416)
    | {
        200: {"description": "The video.", "content": {"video/mp4": {}}},
        206: {"description": "The range of it that was asked for.", "content": {"video/mp4": {}}},
    },
)
def get_demo_performance(request: Request, services: ServicesDep) -> FileResponse:
    """The demo performance itself, to be played as if it were a camera; answers range requests."""
    demo = services.settings.serving.demo_video
    if not demo.is_file():
        raise NotFoundError(
            "The demo performance is not installed. Set `serving.demo_video` in params.yaml. The "
            "camera can be used all the same."
        )
    check_range(request.headers.get("range"), demo.stat().st_size)
    return FileResponse(demo, media_type="video/mp4")
