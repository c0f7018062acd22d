"""A small project on disk: settings, labelled landmark tables, and the labelled table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import write_track
from shared_features.params import PROJECT_ROOT, SharedParams
from training.data.combine import combine
from training.data.feature_tables import make_feature_tables
from training.data.training_data import TrainingData, read_training_data
from training.labels.label_tables import LabelTable, as_ranges, write_labels
from training.params import TrainingParams, known_labels, load_all
from training.recordings.catalog import labels_path, landmarks_path
from training.synthetic.samples import generate_landmarks

FRAMES_PER_RECORDING = 24


class Project:
    """A folder with its own params.yaml.

    Args:
        root: An empty folder.
        changes: Settings under ``training`` that differ from the project's, as dictionaries.
    """

    def __init__(self, root: Path, **changes: dict[str, Any]) -> None:
        self.root, self.params_path = root, root / "params.yaml"
        content = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
        training = content["training"]
        training["model_training"] |= {
            "folds": 3,
            "hyperparameters": {"xgb": {"n_estimators": 25, "max_depth": 3}},
        }
        for section, values in changes.items():
            training[section] |= values
        root.mkdir(parents=True, exist_ok=True)
        self.params_path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    @property
    def params(self) -> tuple[SharedParams, TrainingParams]:
        return load_all(self.params_path)

    def training_input(self) -> tuple[TrainingData, SharedParams, TrainingParams]:
        """The first arguments of ``train``."""
        shared, training = self.params
        return read_training_data(shared, training), shared, training

    def add_recordings(
        self, n_recordings: int, seed: int, relabel: Callable[[str], str] = str
    ) -> list[str]:
        """Write labelled landmark tables of generated performers; return the recordings' names."""
        data = self.params[1].data
        data.landmarks.mkdir(parents=True, exist_ok=True)
        samples = generate_landmarks(n_recordings * FRAMES_PER_RECORDING, seed)
        names = []
        for number in range(n_recordings):
            rows = slice(number * FRAMES_PER_RECORDING, (number + 1) * FRAMES_PER_RECORDING)
            name = f"routine_{seed}_{number}.mp4"
            track = LandmarkTrack(
                name,
                640,
                480,
                np.arange(FRAMES_PER_RECORDING) / 30,
                samples.image[rows],
                samples.world[rows],
                {"picture_hashes": [], "media_sha256": name},
            )
            write_track(track, landmarks_path(data.landmarks, "video", name))
            labels = [relabel(label) for label in samples.labels[rows].tolist()]
            table = LabelTable(f"video_{name}", as_ranges(enumerate(labels)))
            write_labels(table, labels_path(data.labels, "video", name))
            names.append(name)
        return names

    def combine(self) -> None:
        """Turn landmark and label tables into ``final_features.csv``."""
        from shared_features.features.spec import FeatureSpec

        shared, training = self.params
        spec = FeatureSpec(**shared.features.model_dump())
        mirror = training.make_features.mirror_landmarks
        data = training.data
        make_feature_tables(data.landmarks, data.features, spec, mirror, 1, _discard_progress)
        combine(data, spec, known_labels(shared.labels), _discard_progress)


def say_nothing(line: str) -> None:
    """Discard a line for the person at the terminal."""


def _discard_progress(_: int) -> None:
    """Discard a report of progress."""
