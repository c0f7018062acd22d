"""``/health``: for orchestrators and load balancers."""

from fastapi import APIRouter

from serving.errors import NotReadyError
from serving.http.openapi import problems
from serving.http.schemas import HealthOut
from serving.http.services import ServicesDep

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> HealthOut:
    """Whether the process responds; if not, restart it."""
    return HealthOut(status="live")


@router.get("/ready", responses=problems(503))
async def ready(services: ServicesDep) -> HealthOut:
    """Whether the model, the pose model and the queue are available; if not, the reason.

    A refused model file is reported in `detail`, but while the previous model is being served the
    service stays ready.
    """
    reason = services.not_ready()
    if reason is not None:
        raise NotReadyError(reason)
    return HealthOut(status="ready", detail=services.engine.file_problem)
