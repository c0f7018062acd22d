"""The drawing process: a line of JSON in, lines of JSON out (see ``running``)."""

import json
import logging
import os
import sys
import threading
from pathlib import Path

from serving.overlay.render import draw_all
from serving.overlay.routine import load_routine
from serving.settings import OverlayParams
from shared_features.errors import StrapsError
from shared_features.params import MediaParams

# Analyses and live sessions come first.
_NICENESS = 10
_REPORT_EVERY = 5


def main() -> None:
    """Draw what the parent asks for, and end when it is gone."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    told = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(_NICENESS)
    folder = Path(told["folder"])
    for half_written in folder.glob(".*.part*"):  # by a process that was killed
        half_written.unlink(missing_ok=True)
    try:
        draw_all(
            folder / told["media"],
            load_routine(folder),
            folder,
            OverlayParams.model_validate(told["overlay"]),
            MediaParams.model_validate(told["limits"]),
            progress=_report,
        )
    except StrapsError as error:
        print(json.dumps({"problem": str(error)}), flush=True)
    except OSError:
        if folder.exists():
            raise
        # The job was deleted; the parent will end this process in a moment.


def _report(frames_done: int) -> None:
    if frames_done % _REPORT_EVERY == 0:
        print(json.dumps({"frames": frames_done}), flush=True)


def _end_with_parent() -> None:
    sys.stdin.read()  # nothing more is sent: this returns when the parent's end is closed
    os._exit(1)


if __name__ == "__main__":
    main()
