"""Recordings from the demo performance, tasks for workers, and commands that can be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from PIL import Image

from shared_features.errors import MediaError
from shared_features.media.reader import VideoReader
from shared_features.media.writer import VideoWriter
from shared_features.params import PROJECT_ROOT, load_shared

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
PATIENCE_S = 120


def demo_photos(folder: Path, count: int) -> Path:
    """A folder with so many photos of the demo performance."""
    folder.mkdir(parents=True)
    with VideoReader(DEMO, load_shared(PROJECT_ROOT / "params.yaml").media) as reader:
        for frame in reader.frames():
            number, between = divmod(frame.index, 18)
            if number == count:
                break
            if not between:
                Image.fromarray(frame.rgb).save(folder / f"{number:02}.jpg", quality=92)
    return folder


def demo_clip(path: Path, frames: int) -> Path:
    """The beginning of the demo performance."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        VideoReader(DEMO, load_shared(PROJECT_ROOT / "params.yaml").media) as reader,
        VideoWriter(path, reader.info.width, reader.info.height) as writer,
    ):
        for frame in reader.frames():
            if frame.index == frames:
                break
            writer.write(frame.rgb, frame.pts_s)
    return path


def write_params(path: Path, **sections: dict[str, object]) -> Path:
    """The project's settings with some replaced: ``pose={"chunk_frames": 20}``."""
    settings = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    for section, values in sections.items():
        settings[section] |= values
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def start_command(*arguments: object) -> subprocess.Popen[str]:
    """Run a command of the toolkit in a process group of its own."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "training", *map(str, arguments)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run_command(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command of the toolkit."""
    process = start_command(*arguments)
    output, errors = process.communicate(timeout=PATIENCE_S)
    return process.returncode, output, errors


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Watch a running command; it must not end before."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill -9: the process and all its workers at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by name, hidden ones included."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def identities(folder: Path, pattern: str) -> dict[str, tuple[int, int]]:
    """Inode and time of each finished file: whoever writes a file again changes both."""
    return {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.glob(pattern)
        if not path.name.startswith(".")  # half-written, and gone in a moment
    }


@dataclass(frozen=True)
class Order:
    """What a worker of the tests does: see ``carry_out``."""

    number: int
    what: str = "square"
    folder: Path = Path()


def carry_out(order: Order) -> int:
    """Square a number, fail, or die."""
    attempts = order.folder / f"attempts_{order.number}"
    match order.what:
        case "unreadable":
            raise MediaError("it is no photo")
        case "odd":
            raise ValueError("something nobody thought of")
        case "full":
            raise OSError(28, "No space left on device")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die once" if not attempts.exists():
            attempts.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            (order.folder / f"pid_{os.getpid()}").touch()
            time.sleep(PATIENCE_S)
    return order.number**2
