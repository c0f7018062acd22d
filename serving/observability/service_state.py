"""Metrics that are looked up when they are asked for: queue, disk, model, live sessions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True)
class ServiceState:
    """The state of a service at one moment.

    Attributes:
        ready: Whether it is ready.
        jobs: Number of jobs by state; None if the queue does not answer.
        open_live_sessions: Number of open live sessions.
        disk_free_bytes: Free space on the disk of the data folder.
        disk_reserve_bytes: Free space below which uploads are refused.
        model: Facts of the served model; None if there is none.
    """

    ready: bool
    jobs: dict[str, int] | None
    open_live_sessions: int
    disk_free_bytes: int
    disk_reserve_bytes: int
    model: dict[str, str] | None


class StateCollector(Collector):
    """Looks the state up whenever metrics are asked for.

    Args:
        look_up: Returns the state. Called in the thread that answers the request.
    """

    def __init__(self, look_up: Callable[[], ServiceState]) -> None:
        self._look_up = look_up

    def describe(self) -> list[Metric]:
        """Nothing: the state must not be looked up before the service has started."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics of the present state."""
        state = self._look_up()
        yield _gauge("straps_ready", "Whether the service is ready.", float(state.ready))
        if state.jobs is not None:
            jobs = GaugeMetricFamily("straps_jobs", "Videos by state.", labels=["state"])
            for name, count in state.jobs.items():
                jobs.add_metric([name], count)
            yield jobs
        yield _gauge(
            "straps_live_sessions_open", "Open live sessions.", float(state.open_live_sessions)
        )
        yield _gauge(
            "straps_disk_free_bytes",
            "Free space on the disk of the data folder.",
            float(state.disk_free_bytes),
        )
        yield _gauge(
            "straps_disk_reserve_bytes",
            "Free space below which uploads are refused.",
            float(state.disk_reserve_bytes),
        )
        if state.model is not None:
            yield InfoMetricFamily("straps_model", "The model in use.", value=state.model)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
