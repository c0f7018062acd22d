"""``/api/v1/session``: logging in with a token, for the page; programs send the token itself."""

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from serving.errors import TokenError
from serving.http.access.client import ClientDep
from serving.http.access.prefix import prefix_of
from serving.http.access.tokens import COOKIE, SESSION_S
from serving.http.bodies.uploads import BodyLimits, read_body
from serving.http.openapi import json_body, problems
from serving.http.problems import invalid
from serving.http.schemas import LoginIn, SessionOut
from serving.http.services import ServicesDep

_MAX_BODY_MB = 8 / 1024

router = APIRouter(prefix="/session", tags=["session"])


@router.get("")
async def get_session(client: ClientDep, services: ServicesDep) -> SessionOut:
    """Who the client is, and whether it has to log in."""
    known = bool(client.name) or not services.doorkeeper.asks
    return SessionOut(name=client.name or None, admin=client.admin, log_in=not known)


@router.post(
    "",
    response_model=SessionOut,
    responses=problems(400, 401, 408, 413, 422),
    openapi_extra=json_body(LoginIn.__name__),
)
async def log_in(
    request: Request, response: Response, services: ServicesDep
) -> SessionOut | Response:
    """Exchange a token for a session cookie that pages cannot read."""
    # Strangers may send this, so its size is limited.
    body = await read_body(request, BodyLimits.of(services.settings.serving, _MAX_BODY_MB))
    try:
        given = LoginIn.model_validate_json(body)
    except ValidationError as error:
        return invalid(request, error.errors(include_input=False, include_context=False))
    tokens = services.doorkeeper.tokens
    client = tokens.client(given.token)
    if client is None:
        raise TokenError("This token is not known here. Check it, or ask who runs the service.")
    response.set_cookie(
        COOKIE,
        tokens.cookie(client),
        max_age=SESSION_S,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
        path=f"{prefix_of(request.scope)}/",
    )
    return SessionOut(name=client.name, admin=client.admin, log_in=False)


@router.delete("", status_code=204)
async def log_out(request: Request, response: Response) -> None:
    """Remove the session cookie."""
    path = f"{prefix_of(request.scope)}/"
    response.delete_cookie(COOKIE, path, httponly=True, samesite="strict")
