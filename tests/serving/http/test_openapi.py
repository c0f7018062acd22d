"""The API matches its OpenAPI document, whatever is sent to it."""

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

EXAMPLES_PER_OPERATION, MANY_EXAMPLES = 15, 1000
# A schema cannot express "a readable video" or "increasing times", so valid input may be refused.
INEXPRESSIBLE = [positive_data_acceptance]


def test_the_description_is_complete(server: Server) -> None:
    """Every operation has a description and lists its problems as problem documents."""
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
        "/api/v1/videos/{video_id}/overlay",
        "/api/v1/videos/demo",
        "/api/v1/videos/{video_id}",
        "/api/v1/videos/{video_id}/timeline",
        "/api/v1/videos/{video_id}/media",
        "/api/v1/videos/{video_id}/angles",
        "/api/v1/videos/{video_id}/scores",
        "/api/v1/videos/{video_id}/overlay.mp4",
        "/api/v1/videos/{video_id}/summary.png",
        "/api/v1/videos/{video_id}/holds",
        "/api/v1/videos/{video_id}/holds/{number}.jpg",
        "/api/v1/videos/{video_id}/holds/{number}/{moment}.jpg",
        "/api/v1/comparisons",
        "/api/v1/comparisons/{comparison_id}",
        "/api/v1/comparisons/{comparison_id}/result",
        "/api/v1/comparisons/{comparison_id}/splits.csv",
        "/api/v1/comparisons/{comparison_id}/side_by_side.mp4",
        "/api/v1/landmarks",
        "/api/v1/demo/performance.mp4",
        "/api/v1/model",
        "/api/v1/session",
        "/health/live",
        "/health/ready",
    }


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_page_with_scripts_from_other_hosts_is_served(server: Server, path: str) -> None:
    """FastAPI's documentation pages load scripts from other hosts."""
    assert server.http.get(path).status_code == 404


def test_a_finished_timeline_matches_its_schema(kept: tuple[Server, str]) -> None:
    """The document written to disk matches the schema in the OpenAPI document."""
    server, job_id = kept
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    operation = schema["/api/v1/videos/{video_id}/timeline"]["GET"]
    reply = httpx.get(f"{server.url}{VIDEOS}/{job_id}/timeline")
    assert reply.status_code == 200  # a documented error would match its schema as well
    operation.validate_response(reply)  # raises when it does not match


@pytest.mark.parametrize(
    "examples",
    [
        EXAMPLES_PER_OPERATION,
        pytest.param(MANY_EXAMPLES, marks=[pytest.mark.release]),
    ],
)
def test_generated_requests_get_documented_responses(
    server: Server, finished_job: str, examples: int
) -> None:
    """Valid and invalid requests to every operation: no 5xx, nothing undocumented."""
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    session = requests.Session()
    limits = settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 31
    for operation in operations:
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:

            @limits
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: schemathesis.Case) -> None:
                case.call_and_validate(session=session, excluded_checks=INEXPRESSIBLE)

            # Without input, or with an ID that may be any text, no request is invalid.
            with suppress(*([Unsatisfiable] if mode == GenerationMode.NEGATIVE else [])):
                check()
