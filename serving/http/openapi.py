"""The OpenAPI document: adds problem documents and uploads, which FastAPI cannot infer."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.http.problems import MEDIA_TYPE
from serving.http.schemas import FILE_FIELD, ProblemOut

Responses = dict[int | str, dict[str, Any]]

_MEANINGS: dict[int, str] = {
    400: "The request body cannot be read.",
    401: "The token is not known.",
    404: "The resource does not exist.",
    406: "None of the accepted formats is available.",
    408: "The upload paused too long or took too long.",
    409: "The video is not in the required state.",
    413: "The request body is larger than allowed.",
    415: "The request body has the wrong type.",
    416: "The requested range is not in the file.",
    422: "The request does not match this description, or the file is not readable media.",
    503: "The service is not ready or too busy: see `Retry-After`.",
    507: "There is no room on the service's disk.",
}
# Every route can return these.
_ALWAYS: dict[int, str] = {
    403: "The request was sent by another website's page.",
    421: "The service does not go by the host name in the request.",
    429: "Too many requests from this client: see `Retry-After`.",
    500: "Internal error.",
}
_REFERENCE = {"schema": {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}}


def problems(*statuses: int) -> Responses:
    """The documented error responses of a route."""
    return {
        status: {"description": _MEANINGS[status], "content": {MEDIA_TYPE: _REFERENCE}}
        for status in statuses
    }


def file_form(description: str) -> dict[str, Any]:
    """The documented body of a route that accepts one file, for ``openapi_extra``."""
    schema = {
        "type": "object",
        "required": [FILE_FIELD],
        "properties": {
            FILE_FIELD: {
                "type": "string",
                "contentMediaType": "application/octet-stream",
                "format": "binary",
                "minLength": 1,
                "description": description,
            }
        },
    }
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def json_body(model: str) -> dict[str, Any]:
    """The documented body of a route that parses its JSON itself, for ``openapi_extra``."""
    reference = {"schema": {"$ref": f"#/components/schemas/{model}"}}
    return {"requestBody": {"required": True, "content": {"application/json": reference}}}


def install(app: FastAPI, models: list[dict[str, Any]], prefix: str = "") -> None:
    """Replace an application's OpenAPI document, which is built on first use.

    Args:
        app: Application to document.
        models: JSON schemas of request bodies that routes parse themselves.
        prefix: Path prefix under which a proxy offers the service.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, models)
            if prefix:
                app.openapi_schema["servers"] = [{"url": prefix}]
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it


def _described(app: FastAPI, models: list[dict[str, Any]]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
    )
    schemas = document["components"]["schemas"]
    for model in [ProblemOut.model_json_schema(), *models]:
        schemas |= model.pop("$defs", {})
        schemas[model["title"]] = model
    for path in document["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            for status, meaning in _ALWAYS.items():
                content = {MEDIA_TYPE: _REFERENCE}
                responses[str(status)] = {"description": meaning, "content": content}
            invalid = responses.get("422", {}).get("content", {})
            if "application/json" in invalid:  # FastAPI's own format, which is never sent
                responses["422"] = problems(422)[422]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document
