"""The overlay of a queued video, drawn in a separate process.

Live sessions and analyses share this process's interpreter; drawing here would hold it up for
milliseconds per frame. The drawing process has lower priority and is killed when the job is
deleted. It exits by itself when this process dies: its input is a pipe that only this process
holds open.
"""

import json
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from serving.jobs.running_job import DELETED, CancelledError, JobProgress, RunningJob
from serving.overlay.files import HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE
from serving.settings import Settings

_LOG = logging.getLogger(__name__)
_POLL_INTERVAL_S = 0.1


def draw_job(
    job: RunningJob, folder: Path, media: str, source: str, settings: Settings
) -> str | None:
    """Draw a job's overlay video, hold photos and summary image into the job's folder.

    Returns:
        None on success, otherwise the reason for the failure.

    Raises:
        StoppedError: The process is shutting down.
    """
    if all((folder / name).is_file() for name in (HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE)):
        return None  # killed after writing the last file but before recording the outcome
    request = {
        "folder": str(folder),
        "media": media,
        "overlay": settings.serving.overlay.model_dump(mode="json"),
        "limits": settings.shared.media.model_dump(mode="json"),
    }
    try:
        problem = _run(job, json.dumps(request))
    except CancelledError:
        return DELETED
    except Exception as error:
        _LOG.exception("the drawing of %s in %s ended unexpectedly", media, folder)
        problem = f"The drawing ended unexpectedly ({type(error).__name__}); see the service's log."
    return None if problem is None else problem.replace(media, source)


def _run(job: RunningJob, request: str) -> str | None:
    with subprocess.Popen(
        [sys.executable, "-m", "serving.overlay"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # Ctrl+C in the terminal must reach only the parent, which then ends this process.
        start_new_session=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
        assert process.stdout is not None  # noqa: S101
        problems: list[str] = []
        listener = threading.Thread(target=_listen, args=(process.stdout, job, problems))
        listener.start()
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
            while True:
                job.check()
                try:
                    code = process.wait(_POLL_INTERVAL_S)
                except subprocess.TimeoutExpired:
                    continue
                break
        finally:
            process.kill()
            listener.join()
    if problems:
        return problems[0]
    if code != 0:
        _LOG.error("the drawing process ended with exit code %s", code)
        return f"The drawing ended unexpectedly (exit code {code}); see the service's log."
    return None


def _listen(stdout: IO[str], job: RunningJob, problems: list[str]) -> None:
    for line in stdout:
        message = json.loads(line)
        if "frames" in message:
            job.progress = JobProgress(message["frames"])
        else:
            problems.append(message["problem"])
