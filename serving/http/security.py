"""Security headers of every response, and refusal of requests from other websites.

The service has no accounts and usually listens on the local address. Any page in the user's browser
could try to send it forms; browsers mark such requests in ``Sec-Fetch-Site``.
"""

import json
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.problems import MEDIA_TYPE

HEADERS: dict[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN = frozenset({"cross-site", "same-site"})


class Security:
    """ASGI middleware that adds the headers and refuses requests from other websites."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "websocket" and _is_foreign_page(Headers(scope=scope)):
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # the client gets a 403
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                # Responses change while a job runs, and files of a job must not be shared.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        site = Headers(scope=scope).get("sec-fetch-site", "")
        if scope["method"] not in _SAFE_METHODS and site in _FOREIGN:
            await _refuse(scope, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)


def _is_foreign_page(headers: Headers) -> bool:
    """Whether another website's page opens a websocket; browsers allow any page to try.

    Clients that are not browsers send no ``Origin``.
    """
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


async def _refuse(scope: Scope, send: Send) -> None:
    content = {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "This request came from another website's page. Use the service's own page.",
        "instance": scope["path"],
    }
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})
