"""``/api/v1/live``: frames in, poses out, over a websocket (``docs/live-protocol.md``)."""

from fastapi import APIRouter, WebSocket

from serving.http.access.client import limited_as
from serving.http.services import Services

router = APIRouter()


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """One live session."""
    services: Services = socket.app.state.services
    await services.live.serve(socket, limited_as(socket.scope))
