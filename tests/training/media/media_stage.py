"""Recordings from the demo performance, and commands that can be killed."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from PIL import Image

from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import PROJECT_ROOT, load_shared
from tests.programs import Program, run_program

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
PATIENCE_S = 120
_PROGRAM = (
    "from training.cli.media import app; from shared_features.runtime import console;"
    "console.run(app)"
)


def demo_photos(folder: Path, count: int) -> Path:
    """A folder with ``count`` photos of the demo performance."""
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


def start_command(*arguments: object) -> Program:
    """Run a command of the toolkit in a process group of its own."""
    return Program("straps-train", *arguments, output=Path(os.devnull), session=True)


def run_command(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command of the toolkit."""
    done = run_program("straps-train", *arguments)
    return done.returncode, done.stdout, done.stderr


def wait_until(happened: Callable[[], bool], process: Program) -> None:
    """Wait for a condition while a command runs; it must not end before."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert process.poll() is None, process.poll()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def kill_group(process: Program) -> None:
    """Kill a process and all its workers at once, as ``kill -9`` does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def contents(folder: Path) -> dict[str, bytes]:
    """Contents of every file below a folder, hidden ones included."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def identities(folder: Path, pattern: str) -> dict[str, tuple[int, int]]:
    """Inode and time of each finished file; both change when a file is written again."""
    return {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.glob(pattern)
        if not path.name.startswith(".")  # Unfinished, and gone in a moment.
    }
