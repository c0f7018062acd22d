"""Every error as ``application/problem+json`` (RFC 9457), and never a traceback."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from serving.errors import (
    BusyError,
    ConflictError,
    LimitError,
    NotAcceptableError,
    NotFoundError,
    NotReadyError,
    TokenError,
    UploadError,
)
from serving.http.access.prefix import inner_path, prefix_of
from serving.http.allowed import allowed_methods
from serving.storage.disk_space import is_disk_full
from shared_features.errors import (
    ClassifierError,
    MediaError,
    MediaTooLargeError,
    PoseAssetError,
    StrapsError,
    TrackError,
)

_LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"

# The first matching class counts, so subclasses come first.
_STATUSES: tuple[tuple[type[StrapsError], int], ...] = (
    (TokenError, 401),
    (NotFoundError, 404),
    (NotAcceptableError, 406),
    (ConflictError, 409),
    (MediaTooLargeError, 413),
    (MediaError, 422),
    (TrackError, 422),
    (NotReadyError, 503),
    (LimitError, 429),
    (BusyError, 503),
    (ClassifierError, 503),
    (PoseAssetError, 503),
)
_DISK_FULL = (
    "The disk of the service's data folder is full (`serving.data_dir` in params.yaml). Delete "
    "videos, or make room on the disk; nothing of this request was kept."
)
_MAX_VALIDATION_PROBLEMS = 20
# RFC 9110 renamed these; older Python versions have the old names.
_TITLES = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


def problem(
    request: Request,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    """Build a problem document."""
    content = {
        "type": "about:blank",
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        **extensions,
    }
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make an application turn every error into a problem document."""
    app.add_exception_handler(StrapsError, _straps_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _unexpected)
    # Raised by the disk itself; by whatever else, it is a fault of the service.
    app.add_exception_handler(OSError, _unexpected)


def validation_problems(errors: Any) -> list[dict[str, str]]:
    """The location and message of validation errors, without the input: it may not be JSON."""
    return [
        {"where": ".".join(str(part) for part in e["loc"]), "what": str(e["msg"])}
        for e in list(errors)[:_MAX_VALIDATION_PROBLEMS]
    ]


def invalid(request: Request, errors: Any) -> Response:
    """The problem document of a request that does not match the API's description."""
    problems = validation_problems(errors)
    first = "; ".join(f"{p['where']}: {p['what']}" for p in problems[:3])
    return problem(
        request,
        422,
        f"The request does not match the API's description: {first}.",
        problems=problems,
    )


async def _straps_error(request: Request, error: Exception) -> Response:
    if isinstance(error, UploadError):
        # The rest of the body is not read, so the connection cannot be reused.
        return problem(request, error.status, str(error), {"Connection": "close"})
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    if status == 500:
        return await _unexpected(request, error)
    wait_s = error.retry_after_s if isinstance(error, BusyError | ConflictError) else None
    headers = None if wait_s is None else {"Retry-After": str(wait_s)}
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    return problem(request, status, str(error), headers)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    description = f"{prefix_of(request.scope)}/api/v1/openapi.json"
    details = {
        404: f"There is nothing at {request.url.path[:200]!r}. See {description}.",
        405: f"{request.method} is not allowed here. See {description}.",
    }
    given = str(error.detail) if isinstance(error, HTTPException) else ""
    headers = error.headers if isinstance(error, HTTPException) else None
    if status == 405:
        headers = {"Allow": ", ".join(allowed_methods(request.app, inner_path(request.scope)))}
    return problem(request, status, details.get(status, given), headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    return invalid(request, error.errors() if isinstance(error, RequestValidationError) else [])


async def _client_gone(request: Request, error: Exception) -> Response:
    del error
    return problem(request, 400, "The client disconnected before the request was complete.")


async def _unexpected(request: Request, error: Exception) -> Response:
    if is_disk_full(error):
        _LOG.warning("%s %s: the disk is full: %s", request.method, request.url.path, error)
        return problem(request, 507, _DISK_FULL, {"Connection": "close"})
    _LOG.error("%s %s ended unexpectedly", request.method, request.url.path, exc_info=error)
    return problem(
        request,
        500,
        "Internal error; see the service's log for details. Retry, and report it if it persists.",
    )
