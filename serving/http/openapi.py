"""The API's description of itself: problem documents and uploads, which FastAPI cannot guess."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.http.problems import MEDIA_TYPE
from serving.http.schemas import ProblemOut
from serving.http.uploads import FILE_FIELD

Responses = dict[int | str, dict[str, Any]]

_MEANINGS: dict[int, str] = {
    400: "The request's body cannot be read.",
    404: "There is no such thing.",
    406: "None of the accepted formats can be made.",
    408: "The upload paused or took too long.",
    409: "The video is not in the state that this needs.",
    413: "Larger than allowed.",
    415: "Not the type of body that is expected.",
    416: "The range asked for is not in the file.",
    422: "Not as described here, or not a readable photo or video.",
    503: "Not ready, or too much to do: see `Retry-After`.",
}
# Every route can meet these: another web site's page, and a mistake of ours.
_ALWAYS: dict[int, str] = {
    403: "Sent by another web site's page.",
    500: "The service made a mistake.",
}
_REFERENCE = {"schema": {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}}


def problems(*statuses: int) -> Responses:
    """The documented error responses of a route."""
    return {
        status: {"description": _MEANINGS[status], "content": {MEDIA_TYPE: _REFERENCE}}
        for status in statuses
    }


def file_form(what: str) -> dict[str, Any]:
    """The documented body of a route that takes one file, for ``openapi_extra``."""
    schema = {
        "type": "object",
        "required": [FILE_FIELD],
        "properties": {
            FILE_FIELD: {
                "type": "string",
                "contentMediaType": "application/octet-stream",
                "format": "binary",
                "description": what,
            }
        },
    }
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def json_body(model: str) -> dict[str, Any]:
    """The documented body of a route that reads its JSON itself, for ``openapi_extra``."""
    reference = {"schema": {"$ref": f"#/components/schemas/{model}"}}
    return {"requestBody": {"required": True, "content": {"application/json": reference}}}


def install(app: FastAPI, models: list[dict[str, Any]]) -> None:
    """Give an application its description, made once.

    Args:
        app: the application.
        models: JSON schemas of bodies that routes read themselves.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, models)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


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
            if "application/json" in invalid:  # FastAPI's own form of it, which is never sent
                responses["422"] = problems(422)[422]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document
