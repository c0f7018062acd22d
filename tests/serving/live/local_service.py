"""The live route in this process, for tests that set limits or hold up the pose network."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import uvicorn
from fastapi import FastAPI

from serving.http.routes import live
from serving.live.sessions import LiveSessions
from serving.live.transport import LiveTransport
from serving.model.engine import Engine
from serving.observability.metrics import Metrics
from serving.settings import Settings, load_settings
from tests.serving.server import Server, write_params

_CHECK_EVERY_S = 0.05


class LocalService:
    """Serves ``/api/v1/live`` on ``port`` from a thread."""

    def __init__(self, settings: Settings) -> None:
        self.port = settings.serving.port
        self.engine = Engine(settings, _CHECK_EVERY_S)
        self._sessions = LiveSessions(self.engine, settings, Metrics())
        app = FastAPI()
        app.include_router(live.router, prefix="/api/v1")
        app.state.services = SimpleNamespace(live=self._sessions)
        self._server = uvicorn.Server(
            uvicorn.Config(app, port=self.port, ws=LiveTransport, lifespan="off", log_config=None)
        )
        self._thread = threading.Thread(target=self._server.run)

    def start(self) -> None:
        self.engine.start()
        self._thread.start()
        Server.wait_for(lambda: self._server.started and self.engine.problem is None)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._sessions.close()
        self.engine.stop()


@contextmanager
def local_service(folder: Path, model: Path, **limits: Any) -> Iterator[LocalService]:
    """The live route with the project's settings.

    Args:
        folder: Folder for the settings file.
        model: Path of the model file.
        limits: Values that replace those of ``serving.live``.
    """
    settings = load_settings(write_params(folder, model))
    live_params = settings.serving.live.model_copy(update=limits)
    serving = settings.serving.model_copy(update={"live": live_params})
    service = LocalService(replace(settings, serving=serving))
    service.start()
    try:
        yield service
    finally:
        service.stop()
