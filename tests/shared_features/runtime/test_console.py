"""What both command lines say when something comes in between."""

import signal
import subprocess
import sys

PROGRAM = """
import time, typer
from shared_features import console

app = typer.Typer()

@app.command()
def wait() -> None:
    print("waiting", flush=True)
    time.sleep(60)

console.run(app)
"""


def test_whoever_interrupts_is_told() -> None:
    """Ctrl+C ends a command with one word, no traceback, and the exit code that shells expect."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert errors == "Interrupted.\n"
    assert process.returncode == 130
