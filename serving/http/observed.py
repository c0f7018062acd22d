"""Every HTTP request: its ID, its metrics, its trace, its line in the access log."""

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.access.client import client_of
from serving.http.access.prefix import inner_path
from serving.observability.logs import FIELDS
from serving.observability.metrics import Metrics
from serving.observability.request_id import HEADER, begin_request
from serving.observability.traces import request_span

_LOG = logging.getLogger("serving.access")
_UNMATCHED = "unmatched"
_STATIC_FILES = "/web"
# As in nginx: the client left before there was a response.
_LEFT = 499
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observed:
    """ASGI middleware that gives requests an ID, counts them and, if wanted, logs them.

    Args:
        app: Application that gets the requests.
        metrics: Where they are counted.
        access_log: Whether each request is logged when it has ended.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, access_log: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = begin_request(headers.get(HEADER))
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status, sent_bytes, received_bytes = 0, 0, 0

        async def receive_counted() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            return message

        async def send_counted(message: Message) -> None:
            nonlocal status, sent_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            sent_bytes += len(message.get("body", b""))
            await send(message)

        with (
            self._metrics.requests_in_progress.track_inprogress(),
            request_span(_method(scope), headers) as span,
        ):
            try:
                await self._app(scope, receive_counted, send_counted)
            finally:
                span.update_name(f"{_method(scope)} {_route(scope)}")
                span.set_attributes(
                    {"http.response.status_code": status or _LEFT, "straps.request": request_id}
                )
                took_s = time.perf_counter() - began_s
                self._count(scope, status, took_s, received_bytes, sent_bytes)

    def _count(
        self, scope: Scope, status: int, took_s: float, received_bytes: int, sent_bytes: int
    ) -> None:
        method, route = _method(scope), _route(scope)
        self._metrics.requests.labels(method, route, str(status or _LEFT)).inc()
        self._metrics.request_seconds.labels(method, route).observe(took_s)
        self._metrics.received_bytes.inc(received_bytes)
        self._metrics.sent_bytes.inc(sent_bytes)
        if self._access_log:
            fields = {
                "client": client_of(scope).name or (scope.get("client") or ("", 0))[0],
                "method": scope["method"],
                "path": scope["path"],
                "status": status or _LEFT,
                "seconds": round(took_s, 4),
                "received_bytes": received_bytes,
                "sent_bytes": sent_bytes,
            }
            _LOG.info(
                "%(client)s %(method)s %(path)s %(status)d %(seconds).4f s",
                fields,
                extra={FIELDS: fields},
            )


def _method(scope: Scope) -> str:
    """The method, if it is one: others can be made up, and each would be a series of its own."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def _route(scope: Scope) -> str:
    """The route's path with the names of its parameters, so that there are few of them."""
    path, route = inner_path(scope), scope.get("route")
    if route is not None:
        # A route knows its path within its own router only; no parameter contains a slash.
        outer = path.split("/")[: path.count("/") - route.path.count("/") + 1]
        return "/".join(outer) + str(route.path)
    return _STATIC_FILES if path.startswith(f"{_STATIC_FILES}/") else _UNMATCHED
