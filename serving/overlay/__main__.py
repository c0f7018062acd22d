"""The drawing process: reads one line of JSON, writes lines of JSON.

In: the folder and the settings. Out: the number of frames drawn, or a problem. Closing its input
ends it.
"""

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

# Analyses and live sessions have priority.
_NICENESS = 10
_REPORT_EVERY = 5


def main() -> None:
    """Draw what the parent asks for; end when the parent has ended."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(_NICENESS)
    folder = Path(request["folder"])
    for leftover in folder.glob(".*.part*"):  # of a process that was killed
        leftover.unlink(missing_ok=True)
    try:
        draw_all(
            folder / request["media"],
            load_routine(folder),
            folder,
            OverlayParams.model_validate(request["overlay"]),
            MediaParams.model_validate(request["limits"]),
            report_progress=_report,
        )
    except StrapsError as error:
        print(json.dumps({"problem": str(error)}), flush=True)
    except OSError:
        if folder.exists():
            raise
        # The folder was deleted; the parent is about to end this process.


def _report(frames_done: int) -> None:
    if frames_done % _REPORT_EVERY == 0:
        print(json.dumps({"frames": frames_done}), flush=True)


def _end_with_parent() -> None:
    sys.stdin.read()  # nothing more is sent: returns when the parent closes its end
    os._exit(1)


if __name__ == "__main__":
    main()
