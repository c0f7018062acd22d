"""The components that routes use, created once per application."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serving.http.access.client import Doorkeeper
from serving.http.access.limits import Concurrency
from serving.jobs import JobQueue
from serving.live.sessions import LiveSessions
from serving.model.engine import Engine
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
        live: Live sessions.
        doorkeeper: Recognises clients.
        uploads: Videos being uploaded, by client.
        photo_requests: Photos being uploaded or processed, by client.
        warm: Whether the pose networks have run once; the service is not ready before that.
    """

    settings: Settings
    data_dir: DataDir
    engine: Engine
    photos: PhotoWorkers
    jobs: JobQueue
    live: LiveSessions
    doorkeeper: Doorkeeper
    uploads: Concurrency
    photo_requests: Concurrency
    warm: bool = False

    def not_ready(self) -> str | None:
        """Reason the service is not ready; None when it is."""
        warming = None if self.warm else "The pose model is warming up."
        return self.engine.problem or self.jobs.problem or self.data_dir.space.problem or warming


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
