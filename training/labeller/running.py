"""Starts and ends the labelling tool: its socket, its threads, its web server."""

import fcntl
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import uvicorn

from shared_features.errors import ClassifierError
from shared_features.params import SharedParams
from training.errors import LabelError, TrainingError
from training.labeller.app import create_app
from training.labeller.catalogue import open_entries
from training.labeller.editing.session import HISTORY_FOLDER
from training.labeller.frames.media import PhotoFrames, VideoFrames
from training.labeller.predictions.model import LabelModel, load_model
from training.labeller.predictions.opinions import NoProposer
from training.labeller.predictions.photo_opinions import PhotoProposer
from training.labeller.predictions.video_opinions import VideoProposer
from training.labeller.survey import VideoSurvey
from training.labeller.workbench import Workbench
from training.params import LabellerParams, TrainingParams, known_labels
from training.recordings.catalog import Kind, Recording

# How long requests in flight may take once the tool is told to end.
_GRACE_S = 2
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound by itself


@contextmanager
def listening(params: LabellerParams) -> Iterator[tuple[socket.socket, str]]:
    """A socket at the host and port of the settings, and the address of the page.

    Raises:
        TrainingError: the port is taken, or the host is none of this machine's.
    """
    try:
        found = socket.getaddrinfo(params.host, params.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        # With the protocol named, asyncio sends small answers at once instead of after 40 ms.
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
            "tool running already? Else set `training.labeller.port` in params.yaml to another "
            "port, 0 for any that is free, and `training.labeller.host` to an address of this "
            "machine."
        ) from error
    with listener:
        port = listener.getsockname()[1]
        host = "localhost" if params.host in _EVERYWHERE else params.host
        yield listener, f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@contextmanager
def only_one(labels: Path, kind: Kind) -> Iterator[None]:
    """Keeps a second tool off the same label tables.

    Raises:
        LabelError: another tool is running, or the folder cannot be written to.
    """
    lock = labels / HISTORY_FOLDER / f"{kind}s.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a")
    except OSError as error:
        raise LabelError(
            f"Labels cannot be kept in {labels} ({error}). Set `training.data.labels` in "
            "params.yaml to a folder that can be written to."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LabelError(
                f"Another tool is labelling {kind}s in {labels}. Use that one, or end it first."
            ) from error
        yield


@contextmanager
def workbench_for(
    kind: Kind,
    recordings: Sequence[Recording],
    forced: set[str],
    shared: SharedParams,
    settings: TrainingParams,
    opened: Callable[[int], None],
) -> Iterator[Workbench]:
    """The workbench with all its threads, which end with the block.

    Args:
        kind: photos or videos.
        recordings: what is labelled.
        forced: filenames of those that are labelled again.
        shared: limits, labels, and how landmarks are found.
        settings: folders and steps.
        opened: called with 1 for each recording whose labels were read.
    """
    data, known = settings.data, known_labels(shared.labels)
    entries = open_entries(recordings, data.labels, forced, opened)
    readable = [entry.recording for entry in entries.values() if entry.problem is None]
    model: LabelModel | None = None
    note = None
    try:
        model = load_model(settings.promotion.output, known)
    except ClassifierError as error:
        note = str(error)
    with ExitStack() as ending:
        if kind == "photo":
            waiting = [one.recording for one in entries.values() if one.offered]
            photos = PhotoProposer(model, note, shared, data.landmarks, waiting)
            workbench = Workbench(kind, entries, known, PhotoFrames(shared.media), photos)
            ending.callback(workbench.close)
            photos.start(workbench.mark_unreadable)
        else:
            frames = VideoFrames(shared.media, settings.label_videos.skip_seconds)
            proposer = (
                NoProposer(note)
                if model is None
                else VideoProposer(model, shared, data.landmarks, frames.decoding)
            )
            workbench = Workbench(kind, entries, known, frames, proposer)
            ending.callback(workbench.close)
            survey = VideoSurvey(readable, shared.media, workbench)
            ending.callback(survey.close)
        yield workbench


def serve(
    workbench: Workbench,
    settings: TrainingParams,
    labels: tuple[str, ...],
    listener: socket.socket,
    ready: Callable[[], None],
) -> None:
    """Answer requests until the process is told to end (Ctrl-C, or SIGTERM).

    Args:
        workbench: what is labelled.
        settings: keys and host.
        labels: all that a frame may be called.
        listener: where requests come in.
        ready: called once they are answered.
    """
    config = uvicorn.Config(
        create_app(workbench, settings, labels),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_S,
    )
    # uvicorn ends in order and then raises the signal again; being told to end is no failure.
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: None)
    with suppress(KeyboardInterrupt):
        _Server(config, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._ready()


def summary(workbench: Workbench, labels: Path) -> list[str]:
    """What is labelled and what is left, in a few lines."""
    entries = list(workbench.entries.values())
    count = {status: 0 for status in ("done", "partial", "new", "problem")}
    for entry in entries:
        count[entry.status] += 1
    kind = workbench.kind
    parts = [f"{count['done']} of {len(entries)} {kind}s are labelled"]
    if count["partial"]:
        parts.append(f"{count['partial']} partly")
    parts.append(f"{count['new']} are left")
    lines = [f"{', '.join(parts)}. The labels are in {labels}."]
    lines += [
        f"Not labelled: {entry.recording.name}: {entry.problem}"
        for entry in entries
        if entry.status == "problem"
    ]
    return lines
