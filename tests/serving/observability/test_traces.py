"""A request leaves one span, within the trace of whoever sent it."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from serving.http.observed import Observed
from serving.http.routes import health
from serving.observability import traces
from serving.observability.metrics import Metrics

PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What is sent, by a provider of this test's own."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(traces, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def test_a_request_is_a_span_of_its_senders_trace(spans: InMemorySpanExporter) -> None:
    app = FastAPI()
    app.include_router(health.router)
    observed = Observed(app, Metrics(), access_log=False)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(observed)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"traceparent": f"00-{PARENT}-00f067aa0ba902b7-01"}
            return await client.get("/health/live", headers=headers)

    reply = asyncio.run(ask())
    (span,) = spans.get_finished_spans()
    assert span.name == "GET /health/live"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == PARENT
    assert span.attributes == {
        "http.response.status_code": 200,
        "straps.request": reply.headers["x-request-id"],
    }


def test_without_a_collector_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service starts as always, and the end has nothing to do."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    traces.configure()()
    with traces.work_span("analysis", "0" * 32) as span:
        assert not span.is_recording()
