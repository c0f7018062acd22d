"""A real labelling tool in a process of its own, on a free port, with folders of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
import yaml

from shared_features.params import PROJECT_ROOT
from tests.clips import write_video
from training.labels.label_tables import LabelledRange, read_labels

COMMAND = str(Path(sys.executable).with_name("straps-train"))
PATIENCE_S = 30.0
FRUIT_KEYS = {"a": "Apple", "b": "Banana", "c": "Cherry"}
# The seed's table: which frame is shown, which key is pressed, which frames get the label.
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
    """A clip whose frames get brighter one by one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [np.full((96, 128, 3), 8 * (index % 30), np.uint8) for index in range(frames)]
    return write_video(path, pictures, [index * step_s for index in range(frames)])


def write_params(folder: Path, fruit: bool = True, **training: Any) -> Path:
    """Settings with folders beside them and, unless told otherwise, the labels of the seed's table.

    Args:
        folder: for everything.
        fruit: Apple, Banana and Cherry instead of the project's own labels, and five seconds
            between shown frames.
        training: sections of ``training`` with what they shall say.
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
    """Starts, stops and kills one tool; a client for it is ``http``."""

    def __init__(self, params: Path, kind: Literal["video", "photo"] = "video") -> None:
        self.params = params
        self.kind = kind
        self.root = params.parent
        data = yaml.safe_load(params.read_text(encoding="utf-8"))["training"]["data"]
        self.recordings = self.root / data[f"interim_{kind}s"]
        self.labels = self.root / data["labels"]
        self.landmarks = self.root / data["landmarks"]
        self.said = ""
        self.url = ""
        self.http = httpx.Client(timeout=PATIENCE_S)
        self._process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str, port: int = 0) -> "Tool":
        if port:
            content = yaml.safe_load(self.params.read_text(encoding="utf-8"))
            content["training"]["labeller"]["port"] = port
            self.params.write_text(yaml.safe_dump(content), encoding="utf-8")
        self._process = subprocess.Popen(  # noqa: S603
            [
                *(COMMAND, f"label-{self.kind}s", "--params", str(self.params), *arguments),
            ],
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONWARNINGS": "default", "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        self.said, address = "", None
        for line in self._process.stdout:
            self.said += line
            address = re.search(r"http://\S+", line)
            if address is not None:
                break
        assert address is not None, self.said
        self.url = address.group()
        # Nobody may have to wait for the pipe to be read.
        self._reader = threading.Thread(target=self._read_on, args=(self._process,))
        self._reader.start()
        self.http.base_url = httpx.URL(self.url)
        return self

    @property
    def port(self) -> int:
        port = httpx.URL(self.url).port
        assert port is not None
        return port

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        code = self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        self._process.stdout.close()  # type: ignore[union-attr]
        self._process = None
        return code

    def kill(self) -> None:
        """End it without a chance to tidy up."""
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
        """The recording, once all of it is decoded."""
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
        """The ranges on disk; none when there is no table."""
        path = self.labels / f"{self.kind}_{stem}_labeled.csv"
        return read_labels(path, ("Apple", "Banana", "Cherry")).ranges if path.is_file() else ()

    @staticmethod
    def wait_for(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.03)

    def _read_on(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said += line
