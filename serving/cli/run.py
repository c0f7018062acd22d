"""``straps-serve run``: the HTTP service."""

import logging
import signal
import sys
from pathlib import Path

import uvicorn

from serving.app import create_app
from serving.live.transport import LiveTransport
from serving.settings import load_settings
from serving.storage.data_dir import DataDir
from shared_features.runtime.allocator import limit_arenas

# How long requests in flight may take to finish after the service is told to stop.
_GRACE_S = 5
_KEEP_ALIVE_S = 15


def run_service(host: str | None, port: int | None, params: Path | None) -> None:
    """Run the service until it is told to stop.

    Raises:
        ParamsError: The settings are not valid.
        DataDirError: The data folder cannot be used.
    """
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # uvicorn shuts down and then raises the signal again; a requested stop is not a failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    limit_arenas()
    settings = load_settings(params)
    serving = settings.serving
    with DataDir(serving.data_dir, serving.min_free_bytes) as data_dir:
        uvicorn.run(
            create_app(settings, data_dir),
            host=host or serving.host,
            port=port or serving.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=_KEEP_ALIVE_S,
            ws=LiveTransport,
            ws_max_size=serving.live.max_frame_bytes,
            # Frames are compressed already, and the replies are small.
            ws_per_message_deflate=False,
        )
