"""A small project on the way from recordings to a champion, and a service that looks on."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from shared_features.errors import StrapsError
from tests.serving.server import Server
from tests.serving.server import write_params as write_serving_params
from tests.training.routines import Routine
from training.cli.main import app
from training.data.dataset import DATASET_FILE
from training.params import DataParams, load_training

LABELS = ("l-hang", "nutcracker", "other pose or transition")
KEYS = {"l": "l-hang", "n": "nutcracker", "o": "other pose or transition"}
SMALL_MODEL = {"n_estimators": 30, "max_depth": 3}


@dataclass
class Way:
    """The project.

    Attributes:
        params: its settings, of training and of the service.
        routines: its recordings.
        unseen: a recording that it is never shown.
        shown: the frames that the labelling page showed; None without a browser.
    """

    params: Path
    routines: tuple[Routine, ...]
    unseen: Routine
    shown: list[int] | None = None

    @property
    def data(self) -> DataParams:
        return load_training(self.params).data

    @property
    def served_file(self) -> Path:
        return load_training(self.params).promotion.output

    def run(self, *arguments: str) -> tuple[str, bool]:
        """A command of the toolkit: what it says, and whether it did what it was asked for."""
        done = CliRunner().invoke(app, [*arguments, "--params", str(self.params)])
        if isinstance(done.exception, StrapsError):
            return str(done.exception), False
        if done.exception is not None:
            raise done.exception
        return done.output, True

    def tables(self) -> dict[str, bytes]:
        """Every table that is made of recordings and labels, by its name."""
        data = self.data
        found = [
            *data.landmarks.glob("*_landmarks.csv"),
            *data.features.glob("*_features.csv"),
            data.final_features / DATASET_FILE,
        ]
        return {path.name: path.read_bytes() for path in found}


@dataclass
class Served:
    """What a running service said before a promotion, after it, and after a rollback.

    Attributes:
        models: answers of ``/api/v1/model``.
        timelines: of the recording that nothing was trained on.
        processes: the service's process each time.
        gate: what the gate said, and whether it let the model pass.
        promoted: what was said of the promotion.
        rolled_back: what was said of going back.
    """

    models: list[dict[str, Any]] = field(default_factory=list)
    timelines: list[dict[str, Any]] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    gate: tuple[str, bool] = ("", False)
    promoted: str = ""
    rolled_back: str = ""

    def look(self, server: Server, video: Path) -> None:
        """Ask which model is served, and have a video analysed."""
        self.processes.append(server.pid)
        self.models.append(server.http.get("/api/v1/model").json())
        job = server.submit(video)
        assert server.finished(job)["status"] == "done"
        self.timelines.append(json.loads(server.timeline(job)))


def write_project(folder: Path, model: Path, skip_seconds: float) -> Path:
    """Settings of a project with few labels and few trees, and its own place for the champion.

    Args:
        folder: of the project; made here.
        model: what is served at first.
        skip_seconds: between the frames that the labelling page shows.
    """
    folder.mkdir()
    served = Path(shutil.copy(model, folder / "served.onnx"))
    path = write_serving_params(folder, served)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    # Two chunks for each recording: something is kept when the run is killed, and little is lost.
    content["pose"]["chunk_frames"] = 60
    content["labels"] = {"poses": list(LABELS[:-1]), "other": LABELS[-1]}
    training = content["training"]
    training["labeller"] |= {"keys": KEYS, "port": 0}
    training["label_videos"]["skip_seconds"] = skip_seconds
    training["process_videos"]["reduction_factor"] = 1
    training["promotion"]["output"] = str(served)
    training["model_training"] |= {"folds": 2, "hyperparameters": {"xgb": SMALL_MODEL}}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
