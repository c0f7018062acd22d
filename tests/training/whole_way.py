"""A small project from recordings to a champion, and a service that runs meanwhile."""

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
        params: Settings of training and of the service.
        routines: Recordings of the project.
        unseen: Recording that is never trained on.
        shown: Frames that the labelling page showed; None without a browser.
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
        """Run a command of the toolkit; returns its output and whether it succeeded."""
        done = CliRunner().invoke(app, [*arguments, "--params", str(self.params)])
        if isinstance(done.exception, StrapsError):
            return str(done.exception), False
        if done.exception is not None:
            raise done.exception
        return done.output, True

    def tables(self) -> dict[str, bytes]:
        """Contents of all tables computed from recordings and labels, by name."""
        data = self.data
        found = [
            *data.landmarks.glob("*_landmarks.csv"),
            *data.features.glob("*_features.csv"),
            data.final_features / DATASET_FILE,
        ]
        return {path.name: path.read_bytes() for path in found}


@dataclass
class Served:
    """Observations of a running service before and after a promotion, and after a rollback.

    Attributes:
        models: Responses of ``/api/v1/model``.
        timelines: Timelines of the unseen recording.
        processes: Process ID of the service each time.
        gate: Output of the gate, and whether the model passed.
        promoted: Output of the promotion.
        rolled_back: Output of the rollback.
    """

    models: list[dict[str, Any]] = field(default_factory=list)
    timelines: list[dict[str, Any]] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    gate: tuple[str, bool] = ("", False)
    promoted: str = ""
    rolled_back: str = ""

    def look(self, server: Server, video: Path) -> None:
        """Record which model is served, and its timeline of a video."""
        self.processes.append(server.pid)
        self.models.append(server.http.get("/api/v1/model").json())
        job = server.submit(video)
        assert server.finished(job)["status"] == "done"
        self.timelines.append(json.loads(server.timeline(job)))


def write_project(folder: Path, model: Path, skip_seconds: float) -> Path:
    """Write the settings of a project with few labels and few trees, and its own served file.

    Args:
        folder: Folder of the project, created here.
        model: Model that is served at first.
        skip_seconds: Seconds between the frames that the labelling page shows.
    """
    folder.mkdir()
    served = Path(shutil.copy(model, folder / "served.onnx"))
    path = write_serving_params(folder, served)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    # Two chunks per recording, so that a killed run has a finished chunk to resume from.
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
