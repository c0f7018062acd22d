"""A real labelling tool in its own process, on a free port, with its own folders."""

import os
import re
import signal
import threading
import time
import uuid
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, Literal, Self, TextIO

import httpx
import numpy as np
import yaml

from shared_features.params import PROJECT_ROOT
from tests.clips import write_video
from tests.programs import Program, run_program
from training.labels.label_tables import LabelledRange, read_labels

PATIENCE_S = 60.0
FRUIT_KEYS = {"a": "Apple", "b": "Banana", "c": "Cherry"}
# The seed's table: shown frame, key pressed, label, frames that get the label.
SEED_TABLE = (
    (0, "a", "Apple", (0, 0)),
    (5, "b", "Banana", (1, 5)),
    (10, "a", "Apple", (6, 10)),
    (15, "c", "Cherry", (11, 15)),
    (20, "c", "Cherry", (16, 20)),
    (22, "a", "Apple", (21, 22)),
)
SEED_RANGES = (
    LabelledRange(0, 0, "Apple"),
    LabelledRange(1, 5, "Banana"),
    LabelledRange(6, 10, "Apple"),
    LabelledRange(11, 20, "Cherry"),
    LabelledRange(21, 22, "Apple"),
)


def write_clip(path: Path, frames: int = 23, step_s: float = 1.0) -> Path:
    """A clip in which each frame is brighter than the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [np.full((96, 128, 3), 8 * (index % 30), np.uint8) for index in range(frames)]
    return write_video(path, images, [index * step_s for index in range(frames)])


def write_params(folder: Path, fruit: bool = True, **training: Any) -> Path:
    """Write settings with folders next to them, by default for the labels of the seed's table.

    Args:
        folder: folder for everything.
        fruit: use Apple, Banana and Cherry instead of the project's own labels, with five seconds
            between shown frames.
        training: values to change, by section of ``training``.
    """
    params = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["training"]["labeller"]["port"] = 0
    params["training"]["promotion"]["output"] = "no_model.onnx"
    if fruit:
        params["labels"] = {"poses": ["Apple", "Banana"], "other": "Cherry"}
        params["training"]["labeller"]["keys"] = FRUIT_KEYS
        params["training"]["label_videos"]["skip_seconds"] = 5
    for section, values in training.items():
        params["training"][section] |= values
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    return path


class Tool:
    """Starts, stops and kills one tool; ``http`` is a client for it."""

    def __init__(self, params: Path, kind: Literal["video", "photo"] = "video") -> None:
        self.params = params
        self.kind = kind
        self.root = params.parent
        data = yaml.safe_load(params.read_text(encoding="utf-8"))["training"]["data"]
        self.recordings = self.root / data[f"interim_{kind}s"]
        self.labels = self.root / data["labels"]
        self.landmarks = self.root / data["landmarks"]
        self.output = ""
        self.url = ""
        self.http = httpx.Client(timeout=PATIENCE_S)
        self._process: Program | None = None

    def start(self, *arguments: str, port: int = 0) -> Self:
        if port:
            content = yaml.safe_load(self.params.read_text(encoding="utf-8"))
            content["training"]["labeller"]["port"] = port
            self.params.write_text(yaml.safe_dump(content), encoding="utf-8")
        command = (f"label-{self.kind}s", "--params", str(self.params), *arguments)
        reader, writer = Pipe(duplex=False)
        self._process = Program("straps-train", *command, output=writer)
        writer.close()
        self.output, address = "", None
        lines = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()
        for line in lines:
            self.output += line
            address = re.search(r"http://\S+", line)
            if address is not None:
                break
        # The tool must never wait for its output to be read.
        self._reader = threading.Thread(target=self._read_on, args=(lines,))
        self._reader.start()
        if address is None:
            self.stop()
            raise AssertionError(self.output)
        self.url = address.group()
        self.http.base_url = httpx.URL(self.url)
        return self

    @property
    def port(self) -> int:
        port = httpx.URL(self.url).port
        assert port is not None
        return port

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the process and return its exit code."""
        process = self._process
        assert process is not None
        process.send_signal(how)
        code = process.wait()
        self._reader.join(PATIENCE_S)
        self._process = None
        return code

    def kill(self) -> None:
        """Kill the process, leaving it no chance to clean up."""
        self.stop(signal.SIGKILL)

    def close(self) -> None:
        if self._process is not None:
            self.stop()
        self.http.close()

    def listing(self) -> dict[str, Any]:
        reply = self.http.get("/api/recordings")
        assert reply.status_code == 200, reply.text
        content: dict[str, Any] = reply.json()
        return content

    def recording(self, filename: str) -> dict[str, Any]:
        reply = self.http.get(f"/api/recordings/{filename}")
        assert reply.status_code == 200, reply.text
        content: dict[str, Any] = reply.json()
        return content

    def decoded(self, filename: str) -> dict[str, Any]:
        """The recording, after waiting until it is fully decoded."""
        self.wait_for(lambda: self.recording(filename)["frames"]["complete"])
        return self.recording(filename)

    def send(self, filename: str, request: str | None = None, **action: Any) -> httpx.Response:
        body = action | {"request": request or uuid.uuid4().hex}
        return self.http.post(f"/api/recordings/{filename}/actions", json=body)

    def act(self, filename: str, **action: Any) -> dict[str, Any]:
        reply = self.send(filename, **action)
        assert reply.status_code == 200, reply.text
        content: dict[str, Any] = reply.json()
        return content

    def label(self, filename: str, frame: int, label: str) -> dict[str, Any]:
        return self.act(filename, do="label", frame=frame, label=label)

    def table(self, stem: str) -> tuple[LabelledRange, ...]:
        """The labelled ranges on disk; empty when there is no table."""
        path = self.labels / f"{self.kind}_{stem}_labeled.csv"
        return read_labels(path, ("Apple", "Banana", "Cherry")).ranges if path.is_file() else ()

    @staticmethod
    def wait_for(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true"
            time.sleep(0.02)

    def _read_on(self, lines: TextIO) -> None:
        with lines:
            for line in lines:
                self.output += line


def run_to_end(*arguments: str) -> tuple[int, str]:
    """Run the command; its exit code, and its output with its error messages."""
    done = run_program("straps-train", *arguments)
    return done.returncode, done.stdout + done.stderr
