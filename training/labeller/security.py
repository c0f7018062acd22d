"""Refuses requests from other web sites, and adds security headers to every response.

The tool has no accounts, and it writes files. A foreign web page could try to use it in two ways:
by sending a request from that page, which browsers mark with the page's origin; or by making a host
name of its own point to this machine (DNS rebinding), which shows in the ``Host`` header.
"""

import ipaddress
import json
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: dict[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE_METHODS = frozenset({"GET", "HEAD"})
PROBLEM_TYPE = "application/problem+json"


class Security:
    """ASGI middleware that adds the headers and refuses requests of other web sites.

    Args:
        app: the application.
        host: the host name or address that the tool listens at.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
        else:
            await _refuse(refusal, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> str | None:
        """The reason to refuse a request; None to let it through."""
        host = headers.get("host", "")
        if not is_own_name(host, self._names):
            return (
                f"This tool does not answer to the name {host[:100]!r}. Use localhost or the "
                "machine's address, or set `training.labeller.host` in params.yaml to that name."
            )
        if method in _SAFE_METHODS:
            return None
        origin = headers.get("origin")
        foreign = origin is not None and origin.lower() not in (
            f"http://{host}".lower(),
            f"https://{host}".lower(),
        )
        if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "This request comes from another web site's page. Use the tool's own page."
        if headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return "The request body must be JSON (Content-Type: application/json)."
        return None


def is_own_name(host: str, names: Iterable[str]) -> bool:
    """Whether a ``Host`` header holds an IP address or one of this machine's own names.

    IP addresses are safe because they cannot be redirected; any other name may belong to someone
    else.

    >>> [is_own_name(host, ()) for host in ("127.0.0.1:8100", "[::1]:8100", "evil.test")]
    [True, True, False]
    """
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").lower()
    if name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _refuse(detail: str, send: Send) -> None:
    body = json.dumps({"title": "Forbidden", "status": 403, "detail": detail}).encode()
    headers = [(b"content-type", PROBLEM_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
