"""Both command lines end with a message instead of a traceback."""

import os
import signal
import subprocess
import sys

import pytest

from shared_features.runtime.console import NATIVE_LOG_VARIABLE

INTERRUPTIBLE = """
import time, typer
from shared_features.runtime import console

app = typer.Typer()

@app.command()
def wait() -> None:
    print("waiting", flush=True)
    time.sleep(60)

console.run(app)
"""


def test_an_interrupted_command_says_so() -> None:
    """Ctrl+C ends a command with one word, no traceback, and the exit code that shells expect."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", INTERRUPTIBLE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert errors == "Interrupted.\n"
    assert process.returncode == 130


PROGRAM = """
import os, sys
from shared_features.errors import MediaError
from shared_features.runtime import console

def app():
    {body}

console.run(app)
"""


@pytest.mark.parametrize(
    ("body", "code", "errors"),
    [
        ("raise MediaError('x.mp4 is empty.')", 2, "x.mp4 is empty.\n"),
        ("os.write(2, b'greeting'); print('hello', file=sys.stderr)", 0, "hello\n"),
        ("raise SystemExit(3)", 3, ""),
        ("raise BrokenPipeError", 0, ""),
    ],
    ids=["user error", "native greeting", "exit", "closed pipe"],
)
def test_how_a_command_ends(body: str, code: int, errors: str) -> None:
    """Exit code and standard error, without a traceback and without native libraries' greetings."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM.format(body=body)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (code, errors)


def test_native_greetings_are_shown_on_request() -> None:
    """An environment variable lets them through."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM.format(body="os.write(2, b'greeting')")],
        capture_output=True,
        text=True,
        env=os.environ | {NATIVE_LOG_VARIABLE: "1"},
    )
    assert done.stderr == "greeting"
