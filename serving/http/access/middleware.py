"""The door: every request passes here before anything else looks at it."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.access.client import Doorkeeper, limited_as, remember_client, remember_peer
from serving.http.access.hosts import AllowedHosts
from serving.http.access.limits import RequestRate
from serving.http.access.origins import is_foreign
from serving.http.access.prefix import inner_path
from serving.http.access.tokens import STRANGER

MEDIA_TYPE = "application/problem+json"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a browser needs to show the log-in form, and what orchestrators ask.
_PUBLIC_PATHS = frozenset({"/", "/api/v1/session", "/health/live", "/health/ready"})
_PUBLIC_FOLDER = "/web/"
_HEALTH = "/health/"


class Peer:
    """ASGI middleware that notes where connections come from; the outermost one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "lifespan":
            remember_peer(scope)
        await self._app(scope, receive, send)


class Access:
    """ASGI middleware that refuses requests with a problem document.

    Args:
        app: Application that gets the admitted requests.
        hosts: Names under which the service may be addressed.
        doorkeeper: Recognises clients.
        rate: Limit of requests per client.
    """

    def __init__(
        self, app: ASGIApp, hosts: AllowedHosts, doorkeeper: Doorkeeper, rate: RequestRate
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._doorkeeper = doorkeeper
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            status, detail, headers = refusal
            await _refuse(scope, receive, send, status, detail, headers)

    def _refusal(self, scope: Scope) -> tuple[int, str, Mapping[str, str]] | None:
        headers = Headers(scope=scope)
        if not self._hosts.allow(headers.get("host")):
            return (
                421,
                f"This service does not go by the name {headers.get('host', '')[:100]!r}. Use "
                "localhost or its address, or add the name to `serving.allowed_hosts` in "
                "params.yaml.",
                {},
            )
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and is_foreign(headers):
            detail = "This request came from another website's page. Use the service's own page."
            return 403, detail, {}
        path = inner_path(scope)
        client = self._doorkeeper.client(scope)
        remember_client(scope, client or STRANGER)
        if not path.startswith(_HEALTH):
            wait_s = self._rate.wait_s(limited_as(scope))
            if wait_s > 0:
                return (
                    429,
                    "Too many requests (`serving.max_requests_per_s` in params.yaml).",
                    {"Retry-After": str(math.ceil(wait_s))},
                )
        if client is None and path not in _PUBLIC_PATHS and not path.startswith(_PUBLIC_FOLDER):
            return (
                401,
                "A token is needed. Log in on the page, or send the token as "
                "`Authorization: Bearer TOKEN`.",
                {"WWW-Authenticate": "Bearer"},
            )
        return None


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    detail: str,
    extra: Mapping[str, str],
) -> None:
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": scope["path"],
    }
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        # The rest of the request's body is not read.
        (b"connection", b"close"),
        *((name.lower().encode(), value.encode()) for name, value in extra.items()),
    ]
    kind = "http.response"
    if scope["type"] == "websocket":
        kind = "websocket.http.response"
        await receive()
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
