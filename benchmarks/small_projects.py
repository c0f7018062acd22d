"""What a model of a few recordings is worth: ``python -m benchmarks.small_projects``.

Four projects of generated routines, each trained from scratch, are judged by the gate and by six
routines that no project has seen. The landmarks come from the generator, with its simulated errors
of a detector, so the whole takes minutes of processor time.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import yaml

from shared_features.classify.classifier import PoseClassifier
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LANDMARK_COUNT, LandmarkTrack
from shared_features.landmarks.track_csv import write_track
from shared_features.params import PROJECT_ROOT
from shared_features.runtime import console
from training.data.combine import combine
from training.data.feature_tables import make_feature_tables
from training.data.training_data import read_training_data
from training.errors import PromotionError
from training.labels.label_tables import LabelledRange, LabelTable, write_labels
from training.learning.evaluation.held_out import HeldOut
from training.learning.evaluation.served import served
from training.learning.evaluation.summary import evaluate
from training.learning.registry.promotion import promote
from training.learning.train import train
from training.params import known_labels, load_all
from training.recordings.catalog import labels_path, landmarks_path
from training.synthetic import performance
from training.synthetic.detector_noise import observe
from training.synthetic.figure.body import Body, figure_m
from training.synthetic.rendering.camera import Shot, project, to_world

EVERY = 3
"""Of the generator's 25 frames per second, every third is used."""
FRESH_SEEDS = tuple(range(9101, 9107))


@dataclass(frozen=True)
class SmallProject:
    """A project with a few recordings.

    Attributes:
        name: What is special about it.
        seeds: Seeds of its routines.
        only_in_first: A label that occurs in the first routine alone; empty: none.
    """

    name: str
    seeds: Sequence[int]
    only_in_first: str = ""


PROJECTS = (
    SmallProject("4 routines, one label in a single one", (101, 102, 103, 104), "nutcracker"),
    SmallProject("4 routines", (111, 112, 113, 114)),
    SmallProject("6 routines", tuple(range(121, 127))),
    SmallProject("10 routines", tuple(range(131, 141))),
)


def routine(seed: int) -> tuple[LandmarkTrack, list[str]]:
    """A generated routine as landmarks, and the label of each frame."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    body = Body.random(rng)
    holds = performance.choreography(rng)
    shot = Shot(width=640, height=480, lens_mm=35.0, pitch_up_deg=4.0, fill=0.96)
    phase = float(rng.uniform(0, 2 * np.pi))
    duration_s = holds[-1].start_s + holds[-1].move_s + holds[-1].hold_s
    times_s = np.arange(0, duration_s, EVERY / performance.FRAMES_PER_SECOND)
    image = np.empty((len(times_s), LANDMARK_COUNT, 5), dtype=np.float32)
    world = np.empty((len(times_s), LANDMARK_COUNT, 3), dtype=np.float32)
    labels = []
    for number, pts_s in enumerate(times_s.tolist()):
        still, label = performance.posture_at(holds, pts_s)
        posture = performance._swaying(still, pts_s, phase)
        points = figure_m(body, posture)[:LANDMARK_COUNT]
        camera = performance._drifting_camera(body, shot, pts_s)
        image[number], world[number] = observe(
            rng, project(points, camera), to_world(points, camera), camera.aspect
        )
        labels.append(label)
    return LandmarkTrack(f"routine_{seed}.mp4", 640, 480, times_s, image, world), labels


def make_project(project: SmallProject, root: Path) -> Path:
    """Write a project's settings, landmarks and labels; returns the path of its settings."""
    content = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    root.mkdir(parents=True)
    params = root / "params.yaml"
    params.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    data = load_all(params)[1].data
    data.landmarks.mkdir(parents=True)
    for seed in project.seeds:
        track, labels = routine(seed)
        if project.only_in_first and seed != project.seeds[0]:
            labels = ["" if label == project.only_in_first else label for label in labels]
        write_track(track, landmarks_path(data.landmarks, "video", track.source))
        ranges = []
        start = 0
        for label, group in groupby(labels):
            end = start + len(list(group))
            if label:
                ranges.append(LabelledRange(start, end - 1, label))
            start = end
        table = LabelTable(f"video_{track.source}", tuple(ranges))
        write_labels(table, labels_path(data.labels, "video", track.source))
    return params


def fresh() -> HeldOut:
    """Routines that no project has seen."""
    parts = [(seed, *routine(seed)) for seed in FRESH_SEEDS]
    names = [np.full(len(labels), f"video_fresh_{seed}.mp4") for seed, _, labels in parts]
    return HeldOut(
        image=np.concatenate([track.image for _, track, _ in parts]),
        world=np.concatenate([track.world for _, track, _ in parts]),
        aspect=np.full(sum(map(len, names)), 640 / 480),
        labels=np.array([label for _, _, labels in parts for label in labels]),
        groups=np.concatenate(names),
        filenames=np.concatenate(names),
        frame_numbers=np.concatenate([np.arange(len(name)) for name in names]),
        pts_s=np.concatenate([track.pts_s for _, track, _ in parts]),
    )


def train_project(params: Path) -> None:
    """Make features, combine and train."""
    shared, training = load_all(params)
    spec, data = FeatureSpec(**shared.features.model_dump()), training.data
    mirror = training.make_features.mirror_landmarks
    make_feature_tables(data.landmarks, data.features, spec, mirror, 1, lambda _: None)
    combine(data, spec, known_labels(shared.labels), lambda _: None)
    train(read_training_data(shared, training), shared, training, lambda _: None)


def judged(params: Path, routines: HeldOut) -> str:
    """What the gate says of the project's model, and what it does on fresh routines."""
    training = load_all(params)[1]
    try:
        promote(training.tracking, training.promotion, None, force=False)
        gate = "promoted"
    except PromotionError as error:
        gate = f"refused: {error}"
        promote(training.tracking, training.promotion, None, force=True)
    model = PoseClassifier(training.promotion.output)
    evaluation = evaluate(routines.predictions(model))
    return (
        f"{gate}; fresh routines: calibration error {evaluation.calibration_error:.3f}, macro F1 "
        f"{evaluation.f1_macro:.3f}, {served(routines, model)}"
    )


def main() -> None:
    """Print a line for each project."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="keep the projects in this folder")
    folder = parser.parse_args().folder
    routines = fresh()
    with tempfile.TemporaryDirectory() as scratch:
        for number, project in enumerate(PROJECTS):
            params = (folder or Path(scratch)) / str(number) / "params.yaml"
            if not params.is_file():
                make_project(project, params.parent)
            train_project(params)
            print(f"{project.name}: {judged(params, routines)}", flush=True)


if __name__ == "__main__":
    console.run(main)
