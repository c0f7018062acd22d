"""The labelling tool as a web application: the page and its API.

The address of the page can name a recording and a frame: after ``#`` comes the recording's filename
as tables have it, percent-encoded, then ``@`` and the number of the frame, as in
``http://127.0.0.1:8100/#video_routine.mp4@123`` or ``…/#photo_plank__1.jpg@0``. Without ``@`` and a
number, the page opens where labelling resumes. The suffix of the name may differ: tables may have
been made on ``routine.mov`` before it became ``routine.mp4``.
"""

import logging
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from shared_features.errors import MediaError, StrapsError
from training.errors import LabelError
from training.labeller import responses
from training.labeller.actions import Action
from training.labeller.security import PROBLEM_TYPE, Security
from training.labeller.service import (
    LabellingService,
    NoFrameError,
    NotReadyError,
    UnknownRecordingError,
)
from training.params import TrainingParams

_LOG = logging.getLogger(__name__)
WEB_DIR = Path(__file__).resolve().parent / "web"
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (UnknownRecordingError, 404),
    (NoFrameError, 404),
    (NotReadyError, 503),
    (LabelError, 409),
    (MediaError, 422),
)


def create_app(
    service: LabellingService, settings: TrainingParams, labels: tuple[str, ...]
) -> FastAPI:
    """The web application.

    Args:
        service: the recordings and everything that is known about them.
        settings: keys and host.
        labels: all labels that a frame may have; the last one is for everything that is not a pose.
    """
    app = FastAPI(title="Labelling tool", docs_url=None, redoc_url=None, openapi_url=None)
    setup = {
        "kind": service.kind,
        "keys": settings.labeller.keys,
        "labels": labels,
        "other": labels[-1],
        "skip_seconds": settings.label_videos.skip_seconds,
    }

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(WEB_DIR / "index.html", media_type="text/html")

    @app.get("/api/setup")
    def get_setup() -> dict[str, Any]:
        return setup

    @app.get("/api/recordings")
    def get_recordings() -> dict[str, Any]:
        return responses.listing(service)

    @app.get("/api/recordings/{filename}")
    def get_recording(filename: str) -> dict[str, Any]:
        return responses.recording(service.view(filename))

    @app.get("/api/recordings/{filename}/frames/{frame}")
    def get_frame(filename: str, frame: int, fast: bool = False) -> Response:
        jpeg = service.jpeg(filename, frame, fast)
        headers = {"X-Frame": str(jpeg.frame), "X-Sharp": str(int(jpeg.sharp))}
        return Response(jpeg.content, media_type="image/jpeg", headers=headers)

    @app.get("/api/recordings/{filename}/proposal")
    def get_proposal(filename: str, first: int, last: int) -> dict[str, Any] | None:
        if not 0 <= first <= last:
            raise NoFrameError(f"Frames {first} to {last} are not a range.")
        found = service.proposal(service.entry(filename).recording.filename, first, last)
        return None if found is None else responses.proposal(found)

    @app.post("/api/recordings/{filename}/actions")
    def act(filename: str, action: Action) -> dict[str, Any]:
        return responses.acted(*service.act(filename, action))

    app.mount("/web", StaticFiles(directory=WEB_DIR), name="web")
    app.add_exception_handler(StrapsError, _user_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(OSError, _disk_error)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(Security, host=settings.labeller.host)
    return app


def _problem(status: int, detail: str) -> Response:
    content = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(content, status, media_type=PROBLEM_TYPE)


async def _user_error(request: Request, error: Exception) -> Response:
    del request
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    return _problem(status, str(error))


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return _problem(404, f"There is nothing at {request.url.path[:200]!r}.")
    return _problem(status, HTTPStatus(status).phrase + ".")


async def _invalid(request: Request, error: Exception) -> Response:
    del request
    found = error.errors() if isinstance(error, RequestValidationError) else []
    problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found[:3])
    return _problem(422, f"The request is not valid: {problems}.")


async def _disk_error(request: Request, error: Exception) -> Response:
    del request
    return _problem(507, f"The labels could not be saved: {error}. Nothing has changed.")


async def _unexpected(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _problem(500, "The tool hit an unexpected error; see its log. Saved labels are safe.")
