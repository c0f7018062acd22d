"""The main job on material with known truth: the demo performance, and real recordings."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving.analysis import Analysis, analyze_video
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import UNCERTAIN
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.track_csv import read_track, write_track
from shared_features.media.frames import Frame
from shared_features.media.photos import read_photo
from shared_features.params import PROJECT_ROOT, SharedParams
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import photo_track
from tests.programs import run_program

DEMO = PROJECT_ROOT / "serving" / "demo"
LEVERS = ("front lever", "back lever")
SharedData = Callable[[str], Path]


@pytest.fixture(scope="module")
def classifier() -> PoseClassifier:
    return PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")


@pytest.fixture(scope="module")
def analyse(
    classifier: PoseClassifier, shared_params: SharedParams, pose_model: Path
) -> Callable[[Path], Analysis]:
    return lambda path: analyze_video(path, path.name, classifier, shared_params)


@pytest.fixture(scope="module")
def demo(analyse: Callable[[Path], Analysis]) -> Analysis:
    return analyse(DEMO / "performance.mp4")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_demo_performance_is_recognised(demo: Analysis, classifier: PoseClassifier) -> None:
    """At least nine of ten frames are right, and every label has a segment."""
    truth = [row["label"] for row in rows(DEMO / "performance_labels.csv")]
    found = demo.timeline.frame_labels
    assert len(found) == len(truth)
    assert np.mean([a == b for a, b in zip(found, truth, strict=True)]) >= 0.90
    assert {segment.label for segment in demo.timeline.segments} >= set(classifier.labels)
    holds = {label for label in truth if label != classifier.contract.other}
    assert {hold.label for hold in demo.timeline.holds} >= holds


def test_offline_and_online_are_the_same_to_the_bit(
    tmp_path: Path, demo: Analysis, classifier: PoseClassifier
) -> None:
    """Features of the stored table equal those computed while serving, and so do the answers."""
    spec = classifier.contract.features
    write_track(demo.track, tmp_path / "t.csv")
    stored = read_track(tmp_path / "t.csv")
    online, offline = spec.of_track(demo.track), FeatureSpec().of_track(stored)
    assert online.tobytes() == offline.tobytes()
    live = np.concatenate(
        [
            spec.compute(demo.track.image[i : i + 1], demo.track.world[i : i + 1], 640 / 480)
            for i in range(len(demo.track))
        ]
    )
    assert live.tobytes() == offline.tobytes()
    assert classifier.probabilities(offline).tobytes() == demo.timeline.probabilities.tobytes()


def test_straps_photos_and_their_mirror_images(
    shared_data: SharedData,
    classifier: PoseClassifier,
    shared_params: SharedParams,
    pose_model: Path,
) -> None:
    """Three real photos, six pictures, six right answers."""
    folder = shared_data("straps")
    pose = shared_params.pose
    with PoseEstimator(pose_model, "photo", pose.max_people, pose) as estimator:
        for row in rows(folder / "labels.csv"):
            frame = read_photo(folder / row["filename"], shared_params.media)
            mirrored = Frame.of_rgb(np.ascontiguousarray(frame.rgb[:, ::-1]))
            for picture in (frame, mirrored):
                track = photo_track(row["filename"], picture, estimator, pose)
                probabilities = classifier.classify_photo(track)
                assert classifier.labels[int(probabilities.argmax())] == row["label"]


def test_calisthenics(shared_data: SharedData, analyse: Callable[[Path], Analysis]) -> None:
    """A front lever is one; planches, flags and one-arm handstands are no levers."""
    for row in rows(shared_data("calisthenics/segments.csv")):
        labels = analyse(shared_data(f"calisthenics/{row['filename']}")).timeline.frame_labels
        if row["label"] == "front lever":
            skill = labels[int(row["start_frame"]) : int(row["end_frame"]) + 1]
            assert skill.count("front lever") > len(skill) / 2
        else:
            assert sum(label in LEVERS for label in labels) <= 0.1 * len(labels), row["filename"]


def test_everyday_people_are_no_straps_poses(
    shared_data: SharedData,
    classifier: PoseClassifier,
    analyse: Callable[[Path], Analysis],
    shared_params: SharedParams,
    pose_model: Path,
) -> None:
    """Yoga and exercises come out as "other" or uncertain, nine times of ten."""
    harmless = (classifier.contract.other, UNCERTAIN)
    pose, enter = shared_params.pose, classifier.contract.timeline.enter_confidence
    photos = []
    with PoseEstimator(pose_model, "photo", pose.max_people, pose) as estimator:
        for path in sorted(shared_data("yoga").glob("*/*.jpg"))[::12]:
            frame = read_photo(path, shared_params.media)
            track = photo_track(path.name, frame, estimator, pose)
            probabilities = classifier.classify_photo(track)
            if not np.isnan(probabilities).any():
                label = classifier.labels[int(probabilities.argmax())]
                photos.append(label in harmless or probabilities.max() < enter)
    assert len(photos) > 55
    assert np.mean(photos) >= 0.9
    frames = []
    for name in ("4-squats", "10-handstand", "push_up", "wheel_1", "jump_jack"):
        timeline = analyse(shared_data(f"exercise/{name}.mp4")).timeline
        labels = np.array(timeline.frame_labels)[timeline.person]
        frames.append(np.isin(labels, harmless))
    assert np.concatenate(frames).mean() >= 0.9


def test_odd_files_through_the_command_line(shared_data: SharedData, tmp_path: Path) -> None:
    """A result or a message, exit code 0 or 2, no traceback, nothing left behind."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary)}
    small = sorted(shared_data("edge_cases").iterdir(), key=lambda path: path.stat().st_size)[:10]
    for path in small:
        out = tmp_path / path.stem
        done = run_program("straps-serve", "analyze", path, "--out", out, environment=environment)
        assert done.returncode in (0, 2), path.name
        assert "Traceback" not in done.stderr
        if done.returncode == 0:
            timeline = json.loads((out / "timeline.json").read_text())
            assert timeline["media"]["frames"] == len(timeline["frames"])
        else:
            assert path.name in done.stderr
        assert not list(out.glob(".*")), path.name
    assert list(temporary.iterdir()) == []


def test_a_photo_without_a_person(tmp_path: Path) -> None:
    """The answer is "no person", not a pose."""
    Image.new("RGB", (320, 240), (90, 120, 90)).save(tmp_path / "nobody.png")
    done = run_program("straps-serve", "classify", "--json", tmp_path / "nobody.png")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["person"] is False
    assert answer["label"] is None
