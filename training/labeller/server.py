"""Runs the labelling tool: its lock on the label tables, its socket, its web server."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout

from training.errors import LabelError, TrainingError
from training.labeller.app import create_app
from training.labeller.editing.session import HISTORY_FOLDER
from training.labeller.service import LabellingService
from training.params import LabellerParams, TrainingParams
from training.recordings.catalog import Kind

# How long requests in progress may take once the tool is told to stop.
_GRACE_S = 2
_ALL_INTERFACES = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound by itself


@contextmanager
def listening(params: LabellerParams) -> Iterator[tuple[socket.socket, str]]:
    """A socket bound to the configured host and port, and the address of the page.

    Raises:
        TrainingError: the port is taken, or the host is not an address of this machine.
    """
    try:
        found = socket.getaddrinfo(params.host, params.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        # With the protocol named, asyncio turns Nagle's algorithm off; otherwise small responses
        # would be delayed by 40 ms.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise TrainingError(
            f"Cannot listen at {params.host}:{params.port} ({error.strerror or error}). Is the "
            "tool already running? Otherwise set `training.labeller.port` in params.yaml to "
            "another port (0 for any free one), and `training.labeller.host` to an address of this "
            "machine."
        ) from error
    with listener:
        port = listener.getsockname()[1]
        host = "localhost" if params.host in _ALL_INTERFACES else params.host
        yield listener, f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@contextmanager
def exclusive(labels: Path, kind: Kind) -> Iterator[None]:
    """Keep a second labelling tool from working on the same label tables.

    Raises:
        LabelError: another tool is running, or the folder is not writable.
    """
    path = labels / HISTORY_FOLDER / f"{kind}s.lock"
    # A soft lock would outlive a killed process.
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise LabelError(
            f"Another labelling tool is already open for the {kind}s in {labels}. Use that "
            "one, or stop it first."
        ) from error
    except OSError as error:
        raise LabelError(
            f"Labels cannot be saved in {labels} ({error}). Set `training.data.labels` in "
            "params.yaml to a writable folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def serve(
    service: LabellingService,
    settings: TrainingParams,
    labels: tuple[str, ...],
    listener: socket.socket,
    ready: Callable[[], None],
) -> None:
    """Serve the page until the process is told to stop (Ctrl-C or SIGTERM).

    Args:
        service: the recordings and everything that is known about them.
        settings: keys and host.
        labels: all labels that a frame may have.
        listener: bound socket for the requests.
        ready: called when requests are being served.
    """
    config = uvicorn.Config(
        create_app(service, settings, labels),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_S,
    )
    # uvicorn shuts down cleanly and then raises the signal again, but being told to stop is not a
    # failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with suppress(KeyboardInterrupt):
        _Server(config, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the server, then call ``ready``."""
        await super().startup(sockets)
        self._ready()
