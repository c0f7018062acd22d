"""The path prefix under which a proxy offers the service, such as ``/straps``."""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class PathPrefix:
    """ASGI middleware that takes requests with the prefix, and those a proxy has stripped of it.

    Behind it, ``root_path`` holds the prefix and ``path`` always begins with it, as ASGI has it.

    Args:
        app: Application that gets the requests.
        prefix: Begins with a slash and does not end with one; empty: none.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan" or not self._prefix:
            await self._app(scope, receive, send)
            return
        if scope["path"] == self._prefix and scope["type"] == "http":
            # The page's links are relative to its own address.
            await RedirectResponse(f"{self._prefix}/", 308)(scope, receive, send)
            return
        if not scope["path"].startswith(f"{self._prefix}/"):
            scope["path"] = self._prefix + scope["path"]
        scope["root_path"] = self._prefix
        await self._app(scope, receive, send)


def prefix_of(scope: Scope) -> str:
    """The prefix of a request's path; empty if there is none."""
    # Mounted applications, such as static files, have their own path in `root_path`.
    prefix: str = scope.get("app_root_path", scope.get("root_path", ""))
    return prefix


def inner_path(scope: Scope) -> str:
    """The path of a request without the prefix."""
    path: str = scope["path"]
    return path.removeprefix(prefix_of(scope))
