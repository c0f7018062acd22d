"""The FastAPI application, from start-up to shutdown."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from serving.comparisons.queue import ComparisonQueue
from serving.comparisons.schemas import ComparisonIn, ComparisonResultOut
from serving.errors import NotReadyError
from serving.http import openapi, problems
from serving.http.access.client import Doorkeeper
from serving.http.access.hosts import AllowedHosts
from serving.http.access.limits import Concurrency, RequestRate
from serving.http.access.middleware import Access, Peer
from serving.http.access.prefix import PathPrefix
from serving.http.access.tokens import load_tokens
from serving.http.observed import Observed
from serving.http.routes import (
    angles,
    comparisons,
    demo,
    drawings,
    health,
    landmarks,
    live,
    model,
    page,
    photos,
    scores,
    session,
    timelines,
    videos,
)
from serving.http.routes import metrics as metrics_route
from serving.http.schemas import AnglesOut, LandmarksIn, LoginIn, ScoresOut, TimelineOut
from serving.http.security import SecurityHeaders
from serving.http.services import Services
from serving.jobs import JobQueue
from serving.live.sessions import LiveSessions
from serving.model.engine import Engine
from serving.observability.metrics import Metrics
from serving.observability.service_state import StateCollector
from serving.photos import PhotoWorkers
from serving.settings import Settings
from serving.storage.data_dir import DataDir

_LOG = logging.getLogger(__name__)
API_PREFIX = "/api/v1"
_RESOURCES = (
    photos,
    videos,
    timelines,
    angles,
    scores,
    drawings,
    comparisons,
    landmarks,
    model,
    live,
    demo,
    session,
)
_REFERENCES = "#/components/schemas/{model}"
_WARM_UP_RETRY_S = 0.2


def create_app(settings: Settings, data_dir: DataDir) -> FastAPI:
    """The service as an ASGI application.

    Args:
        settings: Settings of the service.
        data_dir: Data folder, already locked by the caller.
    """
    app = FastAPI(
        title="Aerial straps poses",
        summary="From a video of an aerial straps routine to a timeline of poses.",
        version=version("aerial-straps-pose-classifier"),
        openapi_url=f"{API_PREFIX}/openapi.json",
        # FastAPI's documentation pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    engine = Engine(settings)
    serving = settings.serving
    doorkeeper = Doorkeeper(serving, load_tokens(serving))
    metrics = Metrics()
    app.state.services = services = Services(
        settings=settings,
        data_dir=data_dir,
        engine=engine,
        photos=PhotoWorkers(
            settings.shared,
            serving.photo_workers,
            serving.max_waiting_photos,
            serving.photo_timeout_s,
            metrics,
        ),
        jobs=JobQueue(settings, data_dir, engine, metrics),
        comparisons=ComparisonQueue(settings, data_dir),
        live=LiveSessions(engine, settings, metrics),
        doorkeeper=doorkeeper,
        uploads=Concurrency(
            "uploads", serving.max_uploads_per_client, "serving.max_uploads_per_client"
        ),
        photo_requests=Concurrency(
            "photos or bodies of landmarks",
            serving.max_photos_per_client,
            "serving.max_photos_per_client",
        ),
        metrics=metrics,
    )
    metrics.registry.register(StateCollector(services.state))
    app.include_router(health.router)
    app.include_router(metrics_route.router)
    if serving.role != "worker":
        for resource in _RESOURCES:
            app.include_router(resource.router, prefix=API_PREFIX)
        app.include_router(page.router)
        page.mount(app)
    problems.install(app)
    answers = (TimelineOut, AnglesOut, ScoresOut, ComparisonResultOut)
    bodies = (LandmarksIn, LoginIn, ComparisonIn, *answers)
    schemas = [body.model_json_schema(ref_template=_REFERENCES) for body in bodies]
    openapi.install(app, schemas, serving.root_path)
    # The last one added is the outermost.
    app.add_middleware(
        Access,
        hosts=AllowedHosts(serving.host, serving.allowed_hosts),
        doorkeeper=doorkeeper,
        rate=RequestRate(serving.max_requests_per_s),
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observed, metrics=metrics, access_log=serving.access_log)
    app.add_middleware(PathPrefix, prefix=serving.root_path)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(serving.trusted_proxies))
    app.add_middleware(Peer)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    services.engine.start()
    # The API's description takes longer to build than a request for it may hold the event loop.
    await asyncio.gather(run_in_threadpool(services.jobs.start), run_in_threadpool(app.openapi))
    services.comparisons.start()
    warming = asyncio.create_task(_warm_up(services))
    try:
        yield
    finally:
        warming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await warming
        await run_in_threadpool(services.comparisons.stop)
        await run_in_threadpool(services.jobs.stop)
        await run_in_threadpool(services.photos.close)
        await run_in_threadpool(services.live.close)
        await run_in_threadpool(services.engine.stop)


async def _warm_up(services: Services) -> None:
    """Run the pose networks once after the model has loaded; then the service is ready."""
    while True:
        try:
            services.engine.classifier()
        except NotReadyError:
            await asyncio.sleep(_WARM_UP_RETRY_S)
            continue
        try:
            if services.settings.serving.role != "worker":
                await services.photos.warm_up()
                await services.live.warm_up()
        except Exception:
            # MediaPipe may fail to load the pose model for any reason: the service stays alive but
            # not ready, and the log has the details.
            _LOG.exception("the pose model could not be run")
            return
        await run_in_threadpool(_forget_start)
        services.warm = True
        return


def _forget_start() -> None:
    """Keep the garbage collector from what was loaded, which stays until the end.

    Looking at all of it takes a tenth of a second, in which no thread runs.
    """
    gc.collect()
    gc.freeze()
