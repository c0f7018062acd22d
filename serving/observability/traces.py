"""Traces of requests, analyses and overlays, through OpenTelemetry.

They are sent where the usual variables say (``OTEL_EXPORTER_OTLP_ENDPOINT`` …), if the exporter is
installed. Otherwise spans cost next to nothing and lead nowhere.
"""

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind

_LOG = logging.getLogger(__name__)
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SERVICE = "straps-serve"
_tracer = trace.get_tracer(_SERVICE)


def configure() -> Callable[[], None]:
    """Start to send traces, if the environment says where to.

    Returns:
        Sends what is left and stops.
    """
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return _nothing
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        _LOG.warning(
            "traces are not sent: %s is set, but the extra `traces` is not installed", _ENDPOINTS[0]
        )
        return _nothing
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", _SERVICE)})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def request_span(method: str, headers: Mapping[str, str]) -> AbstractContextManager[Span]:
    """A span for a request, within the trace that its headers name."""
    return _tracer.start_as_current_span(
        method, context=propagate.extract(headers), kind=SpanKind.SERVER
    )


def work_span(kind: str, job_id: str) -> AbstractContextManager[Span]:
    """A span for one attempt of an analysis or overlay."""
    return _tracer.start_as_current_span(kind, attributes={"straps.job": job_id})


def _nothing() -> None:
    """No traces are sent, so there is nothing to end."""
