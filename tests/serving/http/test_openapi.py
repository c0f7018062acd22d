"""The API keeps what its description promises, whatever is sent to it."""

from contextlib import suppress

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.serving.server import VIDEOS, Server

EXAMPLES_PER_OPERATION = 15
# A schema cannot say "a readable video" or "times that rise", so what fits it may be refused.
INEXPRESSIBLE = [positive_data_acceptance]


def test_the_description_is_complete(server: Server) -> None:
    """Every operation says what it does and which problems it can meet, as problem documents."""
    document = server.http.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["description"], where
            responses = operation["responses"]
            assert "500" in responses, where
            for status, response in responses.items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], where
            if "{video_id}" in path:
                assert "404" in responses, where
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    assert set(document["paths"]) == {
        "/api/v1/photos",
        "/api/v1/videos",
        "/api/v1/videos/demo",
        "/api/v1/videos/{video_id}",
        "/api/v1/videos/{video_id}/timeline",
        "/api/v1/videos/{video_id}/media",
        "/api/v1/videos/{video_id}/angles",
        "/api/v1/videos/{video_id}/overlay.mp4",
        "/api/v1/videos/{video_id}/summary.png",
        "/api/v1/videos/{video_id}/holds",
        "/api/v1/videos/{video_id}/holds/{number}.jpg",
        "/api/v1/landmarks",
        "/api/v1/demo/performance.mp4",
        "/api/v1/model",
        "/health/live",
        "/health/ready",
    }


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_page_of_other_hosts_is_served(server: Server, path: str) -> None:
    """FastAPI's documentation pages load scripts from elsewhere."""
    assert server.http.get(path).status_code == 404


def test_a_finished_timeline_is_as_described(kept: tuple[Server, str]) -> None:
    """The document that is written to disk has the form that the description gives it."""
    server, job_id = kept
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    operation = schema["/api/v1/videos/{video_id}/timeline"]["GET"]
    reply = httpx.get(f"{server.url}{VIDEOS}/{job_id}/timeline")
    operation.validate_response(reply)


def test_whatever_is_sent_the_description_holds(server: Server, finished_job: str) -> None:
    """Generated requests, good and bad, to every operation: no 5xx, nothing undocumented."""
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    session = requests.Session()
    limits = settings(
        max_examples=EXAMPLES_PER_OPERATION,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 18
    for operation in operations:
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:

            @limits
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: schemathesis.Case) -> None:
                case.call_and_validate(session=session, excluded_checks=INEXPRESSIBLE)

            # Nothing can be wrong about no input, nor about an id that is any text.
            with suppress(*([Unsatisfiable] if mode == GenerationMode.NEGATIVE else [])):
                check()
