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
    NotAcceptableError,
    NotFoundError,
    NotReadyError,
    UploadError,
)
from serving.http.allowed import allowed_methods
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

# The first class that fits counts, so the narrower ones come first.
_STATUSES: tuple[tuple[type[StrapsError], int], ...] = (
    (NotFoundError, 404),
    (NotAcceptableError, 406),
    (ConflictError, 409),
    (MediaTooLargeError, 413),
    (MediaError, 422),
    (TrackError, 422),
    (NotReadyError, 503),
    (BusyError, 503),
    (ClassifierError, 503),
    (PoseAssetError, 503),
)
_MAX_VALIDATION_PROBLEMS = 20
# RFC 9110 has renamed these; older versions of Python's table have not.
_TITLES = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


def problem(
    request: Request,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    """A problem document."""
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
    """Answer every error of an application with a problem document."""
    app.add_exception_handler(StrapsError, _straps_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _unexpected)


def validation_problems(errors: Any) -> list[dict[str, str]]:
    """Where and what, of a validation; what was given is not repeated: it may not be JSON."""
    return [
        {"where": ".".join(str(part) for part in e["loc"]), "what": str(e["msg"])}
        for e in list(errors)[:_MAX_VALIDATION_PROBLEMS]
    ]


def invalid(request: Request, errors: Any) -> Response:
    """The problem document of a request that does not have the promised form."""
    problems = validation_problems(errors)
    told = "; ".join(f"{p['where']}: {p['what']}" for p in problems[:3])
    return problem(
        request, 422, f"The request is not as described in the API: {told}.", problems=problems
    )


async def _straps_error(request: Request, error: Exception) -> Response:
    if isinstance(error, UploadError):
        # The rest of the body is not read: the connection cannot be used again.
        return problem(request, error.status, str(error), {"Connection": "close"})
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    if status == 500:
        return await _unexpected(request, error)
    wait_s = error.retry_after_s if isinstance(error, BusyError | ConflictError) else None
    headers = None if wait_s is None else {"Retry-After": str(wait_s)}
    return problem(request, status, str(error), headers)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    details = {
        404: f"There is nothing at {request.url.path[:200]!r}. See /api/v1/openapi.json.",
        405: f"{request.method} is not possible here. See /api/v1/openapi.json.",
    }
    given = str(error.detail) if isinstance(error, HTTPException) else ""
    headers = error.headers if isinstance(error, HTTPException) else None
    if status == 405:
        headers = {"Allow": ", ".join(allowed_methods(request.app, request.url.path)) or "GET"}
    return problem(request, status, details.get(status, given), headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    return invalid(request, error.errors() if isinstance(error, RequestValidationError) else [])


async def _client_gone(request: Request, error: Exception) -> Response:
    del error
    return problem(request, 400, "The client went away before the request was complete.")


async def _unexpected(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s ended unexpectedly", request.method, request.url.path, exc_info=error)
    return problem(
        request,
        500,
        "The service made a mistake; its log says more. Trying again may help, reporting it will.",
    )
