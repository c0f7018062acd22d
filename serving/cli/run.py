"""``straps-serve run``: the HTTP service."""

import atexit
import contextlib
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import uvicorn

from serving.app import create_app
from serving.http.access.hosts import is_loopback
from serving.http.access.tokens import TOKENS_VARIABLE, load_tokens
from serving.http.transport import limited_protocol
from serving.live.transport import LiveTransport
from serving.observability import logs, traces
from serving.settings import Role, ServingParams, load_settings
from serving.storage.opening import data_dir_of
from shared_features.errors import ParamsError
from shared_features.runtime.allocator import limit_arenas

# How long requests in flight may take to finish after the service is told to stop.
_GRACE_S = 5
_KEEP_ALIVE_S = 15
_FILES = 16384
# How long a thread may compute while the event loop waits for its turn. A request needs several
# turns; with Python's own 5 ms, four busy threads make even /health/live take 100 ms.
_SWITCH_S = 0.0005
# Then threads that wait for something that does not answer, such as a database, are left behind.
_THREADS_GRACE_S = 2.0


def run_service(
    host: str | None,
    port: int | None,
    params: Path | None,
    insecure: bool = False,
    role: Role | None = None,
) -> None:
    """Run the service until it is told to stop.

    Raises:
        ParamsError: The settings are not valid, or would let anyone on the network in.
        DataDirError: The data folder cannot be used.
    """
    # uvicorn shuts down and then raises the signal again; a requested stop is not a failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    limit_arenas()
    sys.setswitchinterval(_SWITCH_S)
    _allow_files()
    if role is not None:
        os.environ["STRAPS_ROLE"] = role  # so that it is checked with the other settings
    settings = load_settings(params)
    logs.configure(settings.serving.log_format)
    atexit.register(traces.configure())
    given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    settings = replace(settings, serving=settings.serving.model_copy(update=given))
    serving = settings.serving
    if not insecure:
        _check_exposure(serving)
    with (
        _ending_in_time(),
        data_dir_of(serving) as data_dir,
    ):
        uvicorn.run(
            create_app(settings, data_dir),
            host=serving.host,
            port=serving.port,
            http=limited_protocol(serving),
            log_config=None,
            access_log=False,
            proxy_headers=False,  # the application applies them itself
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=_KEEP_ALIVE_S,
            ws=LiveTransport,
            ws_max_size=serving.live.max_frame_bytes,
            # Frames are compressed already, and the replies are small.
            ws_per_message_deflate=False,
        )


def _allow_files() -> None:
    """Use as many file descriptors as the system allows: each connection takes one, or more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _check_exposure(serving: ServingParams) -> None:
    """Refuse to let everyone on the network upload, watch and delete videos."""
    asks = load_tokens(serving) or serving.proxy_user_header is not None
    if not asks and not is_loopback(serving.host):
        raise ParamsError(
            f"Listening on {serving.host} without a token would let everyone on the network see "
            f"and delete all videos. Set {TOKENS_VARIABLE}=NAME:TOKEN:admin, with a TOKEN from "
            "`openssl rand -hex 24`, or a file of such lines as `serving.tokens_file` in "
            "params.yaml. To run without tokens nevertheless, add --insecure."
        )


@contextlib.contextmanager
def _ending_in_time() -> Iterator[None]:
    """End the process on an orderly stop, even if threads are stuck: Python would wait for them."""
    try:
        yield
    except SystemExit as leaving:
        deadline_s = time.monotonic() + _THREADS_GRACE_S
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join(max(0.0, deadline_s - time.monotonic()))
                if thread.is_alive():
                    logging.shutdown()
                    os._exit(leaving.code if isinstance(leaving.code, int) else 0)
        raise
