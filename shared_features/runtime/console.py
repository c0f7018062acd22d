"""Behaviour shared by both command lines: errors as messages, and quiet native libraries."""

import os
import sys
from collections.abc import Callable

from shared_features.errors import StrapsError

NATIVE_LOG_VARIABLE = "STRAPS_NATIVE_LOG"
USER_ERROR = 2
INTERRUPTED = 130


def run(app: Callable[[], object]) -> None:
    """Run a command line: a user's error is a message on standard error and exit code 2.

    MediaPipe and TensorFlow Lite write start-up messages to the process's standard error, and have
    no setting to turn them off. They are discarded unless ``STRAPS_NATIVE_LOG`` is set; Python's
    own standard error still works.
    """
    if not os.environ.get(NATIVE_LOG_VARIABLE):
        _silence_native_stderr()
    try:
        app()
    except StrapsError as error:
        print(error, file=sys.stderr)
        sys.exit(USER_ERROR)
    except SystemExit as leaving:
        # Typer turns Ctrl+C into this exit code.
        if leaving.code == INTERRUPTED:
            print("Interrupted.", file=sys.stderr)
        raise
    except BrokenPipeError:
        # The reader of our output has closed it. There is nothing left to flush.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives until the process ends
        sys.exit(0)


def _silence_native_stderr() -> None:
    python_stderr = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    sys.stderr = os.fdopen(python_stderr, "w", buffering=1, encoding="utf-8", errors="replace")
