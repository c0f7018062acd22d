"""The components that routes use, created once per application."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serving.comparisons.queue import ComparisonQueue
from serving.errors import DiskFullError, NotReadyError
from serving.http.access.client import Doorkeeper
from serving.http.access.limits import Concurrency
from serving.jobs import JobQueue
from serving.live.sessions import LiveSessions
from serving.model.engine import Engine
from serving.observability.metrics import Metrics
from serving.observability.service_state import ServiceState
from serving.photos import PhotoWorkers
from serving.settings import Settings
from serving.storage.data_dir import DataDir


@dataclass
class Services:
    """The parts of a running service.

    Attributes:
        settings: Settings of the service.
        data_dir: Folder the service writes to.
        engine: Source of the model.
        photos: Pose estimation for photos.
        jobs: Queue of videos.
        comparisons: Queue of comparisons of two videos.
        live: Live sessions.
        doorkeeper: Recognises clients.
        uploads: Videos being uploaded, by client.
        photo_requests: Photos being uploaded or processed, by client.
        metrics: What the service has counted.
        warm: Whether the pose networks have run once; the service is not ready before that.
    """

    settings: Settings
    data_dir: DataDir
    engine: Engine
    photos: PhotoWorkers
    jobs: JobQueue
    comparisons: ComparisonQueue
    live: LiveSessions
    doorkeeper: Doorkeeper
    uploads: Concurrency
    photo_requests: Concurrency
    metrics: Metrics
    warm: bool = False

    def not_ready(self) -> str | None:
        """Reason the service is not ready; None when it is."""
        warming = None if self.warm else "The pose model is warming up."
        return self.engine.problem or self.jobs.problem or self.data_dir.space.problem or warming

    def state(self) -> ServiceState:
        """The state of the service, for its metrics. Blocking."""
        try:
            model = self.engine.served()
        except NotReadyError:
            facts = None
        else:
            contract = model.classifier.contract
            facts = {
                "sha256": model.classifier.sha256,
                "run_id": str(contract.training.get("run_id") or ""),
                "loaded_at": model.loaded_at.isoformat(timespec="seconds"),
            }
        try:
            jobs = self.jobs.counts()
        except (NotReadyError, DiskFullError):
            jobs = None
        return ServiceState(
            ready=self.not_ready() is None,
            jobs=jobs,
            open_live_sessions=self.live.open_count,
            disk_free_bytes=self.data_dir.space.free_bytes,
            disk_reserve_bytes=self.data_dir.space.reserve_bytes,
            model=facts,
        )


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
