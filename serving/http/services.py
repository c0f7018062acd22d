"""What the routes work with, made once per application."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serving.jobs import DataDir, JobQueue
from serving.live.sessions import LiveSessions
from serving.model.engine import Engine
from serving.photos import PhotoWorkers
from serving.settings import Settings


@dataclass
class Services:
    """The parts of a running service.

    Attributes:
        settings: what it was told.
        data_dir: where it writes.
        engine: the model.
        photos: looks at photos.
        jobs: the queue of videos.
        live: the live sessions.
        warm: whether the first photo has been tried out; ready only from then on.
    """

    settings: Settings
    data_dir: DataDir
    engine: Engine
    photos: PhotoWorkers
    jobs: JobQueue
    live: LiveSessions
    warm: bool = False

    def not_ready(self) -> str | None:
        """Why the service cannot do all of its work yet; None when it can."""
        warming = None if self.warm else "The pose model is being warmed up."
        return self.engine.problem or self.jobs.problem or warming


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
