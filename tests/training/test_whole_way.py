"""End to end: recordings, labels typed into the page, and a champion that a running service serves.

Three short routines are labelled, one of them key by key in a browser. `straps-train run` is killed
and run again. The model it registers is promoted while a service runs, and rolled back.
"""

import csv
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from shared_features.classify.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT
from tests.serving.server import Server
from tests.training.labeller.tool import Tool
from tests.training.routines import render_routine, type_labels
from tests.training.whole_way import KEYS, LABELS, Served, Way, write_project
from training.labels.label_tables import read_labels
from training.params import load_training

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TRAINED_ON, UNSEEN = (11, 12, 13), 14
SHOWN_EVERY, SKIP_SECONDS = 5, 0.2
# A running service switches within two seconds; a busy machine may take longer.
NOTICED_WITHIN_S = 15.0


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, pose_model: Path) -> Way:
    """Recordings that are ready for `straps-train run`: one labelled by hand, two imported."""
    starter = PROJECT_ROOT / "models" / "pose_classifier.onnx"
    if not starter.is_file():
        pytest.skip(f"needs {starter.name}; run `make starter`")
    folder = tmp_path_factory.mktemp("whole_way") / "project"
    params = write_project(folder, starter, SKIP_SECONDS)
    raw = load_training(params).data.raw_videos
    raw.mkdir(parents=True)
    routines = tuple(render_routine(raw / f"routine_{seed}.mp4", seed) for seed in TRAINED_ON)
    way = Way(params, routines, render_routine(folder / "unseen.mp4", UNSEEN))
    assert way.run("process-videos")[1]
    way.shown = label_by_hand(way)
    source = folder / "elsewhere.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        rows = [row for routine in routines[1:] for row in routine.rows()]
        csv.writer(file).writerows([("path", "label", "first_frame", "last_frame"), *rows])
    assert "2 label tables written" in way.run("import-labels", str(source))[0]
    return way


def label_by_hand(way: Way) -> list[int] | None:
    """Label the first recording with the real tool, in a browser if there is one.

    Returns:
        The frames that the page showed; None without a browser.
    """
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    routine, tool = way.routines[0], Tool(way.params)
    filename = f"video_{routine.path.name}"
    tool.start()
    try:
        if executable is None:
            for frame, _ in tool.decoded(filename)["frames"]["shown"]:
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
    """The tables of the same recordings and labels, made without an interruption."""
    folder = tmp_path_factory.mktemp("undisturbed")
    way = Way(Path(shutil.copy(labelled.params, folder)), labelled.routines, labelled.unseen)
    shutil.copytree(labelled.data.interim_videos, way.data.interim_videos)
    shutil.copytree(labelled.data.labels, way.data.labels)
    for stage in ("extract-video-landmarks", "make-features", "combine-features"):
        assert way.run(stage)[1]
    return way.tables()


@pytest.fixture(scope="module")
def trained(labelled: Way) -> Way:
    """The project after `straps-train run` was killed half-way and run again."""
    command = [sys.executable, "-m", "training", "run", "--params", str(labelled.params)]
    first = subprocess.Popen(  # noqa: S603
        command, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    unfinished = labelled.data.landmarks / ".checkpoints"
    try:
        Server.wait_for(lambda: list(unfinished.glob("*/*.npz")))
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    finished = list(labelled.data.landmarks.glob("*.csv"))
    assert len(finished) < len(labelled.routines), "it ended before it was killed"
    second = subprocess.run(  # noqa: S603
        command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    assert second.returncode == 0, second.stderr
    assert "Registered as version 1" in second.stdout
    return labelled


@pytest.fixture(scope="module")
def served(trained: Way) -> Iterator[Served]:
    """A service that serves the starter, then the trained model, then the starter again."""
    seen, server = Served(), Server(trained.params)
    video, file = trained.unseen.path, trained.served_file

    def switched() -> None:
        sha256 = PoseClassifier(file).sha256
        server.wait_for(
            lambda: server.http.get("/api/v1/model").json()["sha256"] == sha256, NOTICED_WITHIN_S
        )

    server.start()
    try:
        seen.look(server, video)
        before = file.read_bytes()
        seen.gate = trained.run("promote", "1")
        if seen.gate[1]:
            seen.promoted = seen.gate[0]
        else:
            assert file.read_bytes() == before, "a refused model changes nothing"
            seen.promoted = trained.run("promote", "1", "--force")[0]
        switched()
        seen.look(server, video)
        seen.rolled_back = trained.run("rollback")[0]
        switched()
        seen.look(server, video)
        yield seen
    finally:
        server.close()
    assert "Traceback" not in server.log.read_text()


def test_keys_typed_into_the_page_are_the_label_table(labelled: Way) -> None:
    """Every fifth frame was shown, and every frame has the label of the next shown frame."""
    if labelled.shown is None:
        pytest.skip(f"needs a browser: one of {', '.join(BROWSERS)} on the path")
    routine = labelled.routines[0]
    last = len(routine.labels) - 1
    assert labelled.shown == [*range(0, last, SHOWN_EVERY), last]
    table = read_labels(labelled.data.labels / f"video_{routine.path.stem}_labeled.csv", LABELS)
    expected = {}
    for frame in range(last + 1):
        next_shown = min(-(-frame // SHOWN_EVERY) * SHOWN_EVERY, last)
        expected[frame] = routine.labels[next_shown]
    assert table.by_frame() == expected


def test_a_killed_run_ends_with_the_same_tables(
    trained: Way, undisturbed: dict[str, bytes]
) -> None:
    """Landmarks, features and the combined table are the same bytes; no unfinished file is left."""
    assert len(undisturbed) == 2 * len(TRAINED_ON) + 1
    assert trained.tables() == undisturbed
    root = trained.params.parent / "data"
    assert [path for path in root.rglob("*") if ".part" in path.name] == []


def test_the_gate_decides_by_the_scores_it_names(served: Served) -> None:
    """A model worse than the starter on the held-out recording is promoted only by force."""
    said, passed = served.gate
    scores = re.search(r"macro F1 ([\d.]+), champion 2: ([\d.]+), on \d+ frames of 1 rec", said)
    assert scores is not None, said
    candidate, champion = map(float, scores.groups())
    assert candidate >= champion if passed else candidate <= champion
    assert ("is worse than the champion" in said) is not passed
    assert "Version 1 is the champion instead of 2" in served.promoted


def test_a_running_service_switches_to_the_champion(served: Served) -> None:
    """File and labels change without a restart, and the next analysis uses them."""
    starter, champion, _ = served.models
    assert len(set(served.processes)) == 1
    assert champion["sha256"] != starter["sha256"]
    assert champion["labels"] == list(LABELS)
    assert champion["file_problem"] is None
    before, after, _ = served.timelines
    for timeline, model in ((before, starter), (after, champion)):
        assert timeline["model"]["sha256"] == model["sha256"]
        found = [frame["probabilities"] for frame in timeline["frames"] if frame["person"]]
        assert {tuple(probabilities) for probabilities in found} == {tuple(model["labels"])}


def test_the_champion_recognises_a_routine_it_has_not_seen(trained: Way, served: Served) -> None:
    """Four frames of five carry their true label, and both poses are holds."""
    timeline = served.timelines[1]
    found = [frame["label"] for frame in timeline["frames"]]
    right = sum(a == b for a, b in zip(found, trained.unseen.labels, strict=True))
    assert right >= 0.8 * len(found), found
    holds = {segment["label"] for segment in timeline["segments"] if segment["hold"]}
    assert holds == set(LABELS[:-1])


def test_rollback_restores_the_old_model(served: Served) -> None:
    """The file and the timeline are the same as before, to the last digit."""
    assert "Version 2 is the champion instead of 1" in served.rolled_back
    assert served.models[2]["sha256"] == served.models[0]["sha256"]
    assert served.timelines[2] == served.timelines[0]
