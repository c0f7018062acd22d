"""``/health``: for whoever starts, restarts and balances the service."""

from fastapi import APIRouter

from serving.errors import NotReadyError
from serving.http.openapi import problems
from serving.http.schemas import HealthOut
from serving.http.services import ServicesDep

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> HealthOut:
    """Whether the process answers at all; if not, restart it."""
    return HealthOut(status="live")


@router.get("/ready", responses=problems(503))
async def ready(services: ServicesDep) -> HealthOut:
    """Whether model, pose asset and queue are in place; if not, the reason.

    A model file that is refused is no reason while the model before it answers; it is named.
    """
    reason = services.not_ready()
    if reason is not None:
        raise NotReadyError(reason)
    return HealthOut(status="ready", detail=services.engine.file_problem)
