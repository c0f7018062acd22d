"""``/metrics``: for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from serving.errors import NotFoundError
from serving.http.access.client import ClientDep
from serving.http.services import ServicesDep

router = APIRouter()


@router.get("/metrics", include_in_schema=False)
def get_metrics(client: ClientDep, services: ServicesDep) -> Response:
    """Everything that is counted, in Prometheus' text format; for admins if there are tokens."""
    if not client.admin:
        raise NotFoundError("Metrics are for admins of this service. Send an admin's token.")
    body = generate_latest(services.metrics.registry)
    return Response(body, media_type=CONTENT_TYPE_PLAIN_0_0_4)
