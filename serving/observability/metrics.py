"""The service's metrics, for Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

# Seconds. From a cached file to a photo on a busy machine; from a short clip to an hour of video.
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
_FRAME_BUCKETS = (0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0)
_JOB_BUCKETS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 14400.0)


class Metrics:
    """What one service has counted since it started. Thread-safe.

    Names follow Prometheus' conventions; the help texts below say what each one counts. Values that
    are looked up when they are asked for, such as free disk space, are in ``service_state``.

    Attributes:
        registry: All of them, for the exposition.
        requests: HTTP requests by method, route and status.
        request_seconds: Time from a request's headers to the end of its response.
        requests_in_progress: Requests without a complete response.
        received_bytes: Bytes of request bodies.
        sent_bytes: Bytes of response bodies.
        live_sessions: Live sessions that were accepted, and those refused by reason.
        live_received: Frames received in live sessions.
        live_frames: Frames of live sessions by what became of them.
        live_frame_seconds: Time from a frame's arrival to its answer.
        photos: Photos by outcome.
        jobs: Analyses and overlays that have ended, by kind and outcome.
        job_seconds: Time that one attempt of an analysis or overlay took.
        frames: Frames of videos that were analysed.
        removed_jobs: Videos removed by retention.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = self._counter(
            "http_requests", "HTTP requests.", "method", "route", "status"
        )
        self.request_seconds = self._histogram(
            "http_request_duration_seconds",
            "Time from a request's headers to the end of its response.",
            _REQUEST_BUCKETS,
            "method",
            "route",
        )
        self.requests_in_progress = Gauge(
            "straps_http_requests_in_progress",
            "HTTP requests without a complete response.",
            registry=self.registry,
        )
        self.received_bytes = self._counter("http_received_bytes", "Bytes of request bodies.")
        self.sent_bytes = self._counter("http_sent_bytes", "Bytes of response bodies.")
        self.live_sessions = self._counter(
            "live_sessions", "Live sessions asked for, by outcome.", "outcome"
        )
        self.live_received = self._counter("live_frames_received", "Live frames received.")
        self.live_frames = self._counter(
            "live_frames",
            "Live frames by outcome: answered, dropped for a newer one, or refused.",
            "outcome",
        )
        self.live_frame_seconds = self._histogram(
            "live_frame_duration_seconds",
            "Time from a live frame's arrival to its answer.",
            _FRAME_BUCKETS,
        )
        self.photos = self._counter("photos", "Photos processed, by outcome.", "outcome")
        self.jobs = self._counter(
            "jobs_ended", "Analyses and overlays that ended, by outcome.", "kind", "outcome"
        )
        self.job_seconds = self._histogram(
            "job_duration_seconds",
            "Time of one attempt of an analysis or overlay.",
            _JOB_BUCKETS,
            "kind",
        )
        self.frames = self._counter("analyzed_frames", "Frames of videos that were analysed.")
        self.removed_jobs = self._counter("removed_jobs", "Videos removed by retention.")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"straps_{name}", text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(f"straps_{name}", text, labels, registry=self.registry, buckets=buckets)
