"""``/api/v1/demo``: the demo performance that comes with the project."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from serving.errors import NotFoundError
from serving.http.files.ranges import check_range
from serving.http.openapi import problems
from serving.http.services import ServicesDep

router = APIRouter(prefix="/demo", tags=["demo"])


@router.get(
    "/performance.mp4",
    response_class=FileResponse,
    responses=problems(404, 416)
    | {
        200: {"description": "The video.", "content": {"video/mp4": {}}},
        206: {"description": "The requested range of it.", "content": {"video/mp4": {}}},
    },
)
def get_demo_performance(request: Request, services: ServicesDep) -> FileResponse:
    """The demo performance, to be played in place of a camera; supports range requests."""
    demo = services.settings.serving.demo_video
    if not demo.is_file():
        raise NotFoundError(
            "The demo performance is not installed. Set `serving.demo_video` in params.yaml. A "
            "camera works without it."
        )
    check_range(request.headers.get("range"), demo.stat().st_size)
    return FileResponse(demo, media_type="video/mp4")
