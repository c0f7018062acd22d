"""The whole way: recordings, labels typed into the page, a champion that a running service serves.

Three short routines are labelled, one of them key by key in a browser. `straps-train run` is killed
once and run again. The model it registers is promoted while a service runs, and rolled back.
"""

import csv
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import sync_playwright

from shared_features.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT
from tests.serving.server import Server
from tests.serving.server import write_params as write_serving_params
from tests.training.labeller.tool import Tool
from tests.training.routines import (
    Routine,
    render_routine,
    toolkit,
    toolkit_command,
    type_labels,
)
from training.data import media_commands, table_commands
from training.data.dataset import DATASET_FILE
from training.data.labels import read_labels
from training.params import DataParams, load_training

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TRAINED_ON, UNSEEN = (11, 12, 13), 14
LABELS = ("l-hang", "nutcracker", "other pose or transition")
KEYS = {"l": "l-hang", "n": "nutcracker", "o": "other pose or transition"}
# Five frames.
SKIP_SECONDS = 0.2
# A running service notices within one to two seconds; a busy machine gets more.
NOTICED_WITHIN_S = 15.0


@dataclass
class Way:
    """A project on the way from its recordings to a champion.

    Attributes:
        params: its settings, of training and of the service.
        routines: its recordings.
        unseen: a recording that it is never shown.
        shown: the frames that the page showed; None without a browser.
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

    def run(self, *arguments: str) -> str:
        done = toolkit(self.params, *arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout

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
    """What a running service said before a promotion, after it and after a rollback.

    Attributes:
        models: answers of ``/api/v1/model``.
        timelines: of the recording that nothing was trained on.
        processes: the service's process each time.
        said: by the toolkit's commands, by name.
        promoted: the model file after the promotion.
    """

    models: list[dict[str, Any]] = field(default_factory=list)
    timelines: list[dict[str, Any]] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)

    def look(self, server: Server, video: Path) -> None:
        """Ask which model is served, and have a video analysed."""
        self.processes.append(server.pid)
        self.models.append(server.http.get("/api/v1/model").json())
        job = server.submit(video)
        assert server.finished(job)["status"] == "done"
        self.timelines.append(json.loads(server.timeline(job)))


def write_project(folder: Path, model: Path) -> Path:
    """Settings of a small project: few labels, few trees, and its own place for the champion."""
    folder.mkdir()
    served = Path(shutil.copy(model, folder / "served.onnx"))
    path = write_serving_params(folder, served)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["labels"] = {"poses": list(LABELS[:-1]), "other": LABELS[-1]}
    training = content["training"]
    training["labeller"] |= {"keys": KEYS, "port": 0}
    training["label_videos"]["skip_seconds"] = SKIP_SECONDS
    training["process_videos"]["reduction_factor"] = 1
    training["promotion"]["output"] = str(served)
    small = {"n_estimators": 30, "max_depth": 3}
    training["model_training"] |= {"folds": 2, "hyperparameters": {"xgb": small}}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, pose_model: Path) -> Way:
    """Recordings that are ready for `straps-train run`: one labelled by hand, two imported."""
    starter = PROJECT_ROOT / "models" / "pose_classifier.onnx"
    if not starter.is_file():
        pytest.skip(f"needs {starter.name}; run `make starter`")
    folder = tmp_path_factory.mktemp("whole_way") / "project"
    params = write_project(folder, starter)
    raw = load_training(params).data.raw_videos
    raw.mkdir(parents=True)
    routines = tuple(render_routine(raw / f"routine_{seed}.mp4", seed) for seed in TRAINED_ON)
    way = Way(params, routines, render_routine(folder / "unseen.mp4", UNSEEN))
    way.run("process-videos")
    way.shown = label_by_hand(way)
    source = folder / "elsewhere.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        rows = [row for routine in routines[1:] for row in routine.rows()]
        csv.writer(file).writerows([("path", "label", "first_frame", "last_frame"), *rows])
    assert "2 label tables written" in way.run("import-labels", str(source))
    return way


def label_by_hand(way: Way) -> list[int] | None:
    """Label the first recording with the real tool, in a browser where there is one."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    routine, tool = way.routines[0], Tool(way.params)
    filename = f"video_{routine.path.name}"
    tool.start()
    try:
        if executable is None:
            for frame in tool.decoded(filename)["frames"]["shown"]:
                tool.label(filename, frame, routine.labels[frame])
            return None
        key_of = {label: key for key, label in KEYS.items()}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
            )
            shown = type_labels(browser, tool.url, routine.path.name, routine.labels, key_of)
            browser.close()
        return shown
    finally:
        tool.close()


@pytest.fixture(scope="module")
def undisturbed(labelled: Way, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of the same recordings and labels, made without any interruption."""
    folder = tmp_path_factory.mktemp("undisturbed")
    way = Way(Path(shutil.copy(labelled.params, folder)), labelled.routines, labelled.unseen)
    shutil.copytree(labelled.data.interim_videos, way.data.interim_videos)
    shutil.copytree(labelled.data.labels, way.data.labels)
    media_commands.extract_video_landmarks(way.params)
    table_commands.make_features(way.params)
    table_commands.combine_features(way.params)
    return way.tables()


@pytest.fixture(scope="module")
def trained(labelled: Way) -> Way:
    """The project after `straps-train run`, which was killed in its midst and run again."""
    unfinished = labelled.data.landmarks / ".checkpoints"
    process = subprocess.Popen(  # noqa: S603
        toolkit_command(labelled.params, "run"),
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        Server.wait_for(lambda: list(unfinished.glob("*/*.npz")))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    finished = list(labelled.data.landmarks.glob("*.csv"))
    assert len(finished) < len(labelled.routines), "it was over before it was killed"
    assert "Registered as version 1" in labelled.run("run")
    return labelled


@pytest.fixture(scope="module")
def served(trained: Way) -> Iterator[Served]:
    """A service that serves the starter, then what was trained, then the starter again."""
    served, server = Served(), Server(trained.params)
    video = trained.unseen.path

    def switched_to(file: Path) -> None:
        sha256 = PoseClassifier(file).sha256
        server.wait_for(
            lambda: server.http.get("/api/v1/model").json()["sha256"] == sha256, NOTICED_WITHIN_S
        )

    server.start()
    try:
        served.look(server, video)
        before = trained.served_file.read_bytes()
        judged = toolkit(trained.params, "promote", "1")
        served.said["gate"] = judged.stdout
        if judged.returncode:
            assert judged.returncode == 2
            assert trained.served_file.read_bytes() == before
            served.said["promote"] = trained.run("promote", "1", "--force")
        switched_to(trained.served_file)
        served.look(server, video)
        served.said["models"] = trained.run("models")
        served.said["rollback"] = trained.run("rollback")
        switched_to(trained.served_file)
        served.look(server, video)
        yield served
    finally:
        server.close()
    assert "Traceback" not in server.log.read_text()


def test_keys_typed_into_the_page_are_the_label_table(labelled: Way) -> None:
    """Every frame has the label of the next shown frame, and every fifth frame was shown."""
    if labelled.shown is None:
        pytest.skip(f"needs a browser: one of {', '.join(BROWSERS)} on the path")
    routine = labelled.routines[0]
    last = len(routine.labels) - 1
    assert labelled.shown == [*range(0, last, 5), last]
    table = read_labels(labelled.data.labels / f"video_{routine.path.stem}_labeled.csv", LABELS)
    expected = [routine.labels[min(-(-frame // 5) * 5, last)] for frame in range(last + 1)]
    assert table.by_frame() == dict(enumerate(expected))


def test_a_killed_run_ends_with_the_same_tables(
    trained: Way, undisturbed: dict[str, bytes]
) -> None:
    """Landmarks, features and the table of both are the same bytes; nothing unfinished is left."""
    assert len(undisturbed) == 2 * len(TRAINED_ON) + 1
    assert trained.tables() == undisturbed
    root = trained.params.parent / "data"
    assert [path for path in root.rglob("*") if ".part" in path.name] == []


def test_the_gate_decides_by_the_scores_it_names(served: Served) -> None:
    """Worse than the starter on recordings kept back: refused, unless forced; else promoted."""
    said = served.said["gate"]
    scores = re.search(r"macro F1 ([\d.]+), champion 2:\s+([\d.]+)", said)
    assert scores is not None, said
    candidate, champion = map(float, scores.groups())
    if "is worse than the champion" in said:
        assert candidate <= champion
        assert "Version 1 is the champion instead of 2" in served.said["promote"]
    else:
        assert candidate >= champion
        assert "Version 1 is the champion instead of 2" in said


def test_a_running_service_takes_over_the_champion(served: Served) -> None:
    """Another file and other labels without a restart, and the next analysis is made by it."""
    starter, champion, _ = served.models
    assert len(set(served.processes)) == 1
    assert champion["sha256"] != starter["sha256"]
    assert champion["labels"] == list(LABELS)
    assert champion["file_problem"] is None
    before, after, _ = served.timelines
    for timeline, model in ((before, starter), (after, champion)):
        assert timeline["model"]["sha256"] == model["sha256"]
        answers = [frame["probabilities"] for frame in timeline["frames"] if frame["person"]]
        assert {tuple(answer) for answer in answers} == {tuple(model["labels"])}


def test_the_champion_recognises_a_routine_it_has_not_seen(trained: Way, served: Served) -> None:
    """Four frames of five carry their true label, and both poses are holds."""
    timeline = served.timelines[1]
    found = [frame["label"] for frame in timeline["frames"]]
    right = sum(a == b for a, b in zip(found, trained.unseen.labels, strict=True))
    assert right >= 0.8 * len(found), found
    holds = {segment["label"] for segment in timeline["segments"] if segment["hold"]}
    assert holds == set(LABELS[:-1])


def test_rollback_brings_the_old_model_back(served: Served) -> None:
    """The same file, and the same timeline to the last digit."""
    assert "Version 2 is the champion instead of 1" in served.said["rollback"]
    assert served.models[2]["sha256"] == served.models[0]["sha256"]
    assert served.timelines[2] == served.timelines[0]
    assert re.search(r"^\s*1 .*champion", served.said["models"], re.MULTILINE), served.said[
        "models"
    ]
