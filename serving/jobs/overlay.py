"""One drawing of the queue while it runs: in a process of its own, so that it is in nobody's way.

Live sessions and analyses share this process's interpreter; a drawing would hold it up for
milliseconds with every frame. The other process has lower priority, is ended at once when the job
is deleted, and ends by itself when this one is killed: its input is a pipe that only this process
holds open.
"""

import json
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from serving.jobs.analysis import DELETED, CancelledError, Progress, RunningJob
from serving.overlay.files import HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE
from serving.settings import Settings

_LOG = logging.getLogger(__name__)
_POLLING_S = 0.1


def render_job(
    job: RunningJob, folder: Path, media: str, source: str, settings: Settings
) -> str | None:
    """Draw a job's overlay video and pictures into its folder.

    Returns:
        None when they are there, else why they are not.

    Raises:
        Stopped: the process is ending.
    """
    if all((folder / name).is_file() for name in (HOLDS_FILE, OVERLAY_FILE, SUMMARY_FILE)):
        return None  # killed after the last file and before that was recorded
    told = {
        "folder": str(folder),
        "media": media,
        "overlay": settings.serving.overlay.model_dump(mode="json"),
        "limits": settings.shared.media.model_dump(mode="json"),
    }
    try:
        problem = _run(job, json.dumps(told))
    except CancelledError:
        return DELETED
    except Exception as error:
        _LOG.exception("the drawing of %s in %s ended unexpectedly", media, folder)
        problem = f"The drawing ended unexpectedly ({type(error).__name__}); see the service's log."
    return None if problem is None else problem.replace(media, source)


def _run(job: RunningJob, told: str) -> str | None:
    with subprocess.Popen(
        [sys.executable, "-m", "serving.overlay"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # An interrupt from the terminal is for the parent, which then ends this process.
        start_new_session=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
        assert process.stdout is not None  # noqa: S101
        problems: list[str] = []
        listener = threading.Thread(target=_listen, args=(process.stdout, job, problems))
        listener.start()
        try:
            process.stdin.write(told + "\n")
            process.stdin.flush()
            while True:
                job.check()
                try:
                    code = process.wait(_POLLING_S)
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
        said = json.loads(line)
        if "frames" in said:
            job.progress = Progress(said["frames"])
        else:
            problems.append(said["problem"])
