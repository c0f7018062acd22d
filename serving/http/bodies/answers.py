"""Response bodies that are too large to be built on the event loop."""

from fastapi import Response
from pydantic import BaseModel


def json_answer(content: BaseModel) -> Response:
    """A response with a model as JSON, built by the caller's thread.

    FastAPI serializes what a route returns on the event loop. Call this off the loop, and name the
    model as the route's ``response_model`` for its documentation.
    """
    return Response(content.model_dump_json(), media_type="application/json")
