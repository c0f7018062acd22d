"""Recordings that exist only as landmark and label tables, and their folders."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import write_track
from training.data.combine import Combined, combine
from training.data.feature_tables import FeaturesMade, make_feature_tables
from training.labels.label_tables import LabelledRange, LabelTable, write_labels
from training.params import DataParams
from training.recordings.catalog import Kind, labels_path, landmarks_path

KNOWN = ("meathook", "back lever", "front lever", "other")
SPEC = FeatureSpec()
Labels = Sequence[tuple[int, int, str]]


def same_bits(found: NDArray[np.float32], expected: NDArray[np.float32]) -> bool:
    """Whether two float32 arrays are the same to the last bit; every NaN is the same NaN."""
    known = ~np.isnan(expected)
    return (
        found.dtype == expected.dtype == np.float32
        and np.array_equal(~np.isnan(found), known)
        and found[known].tobytes() == expected[known].tobytes()
    )


def quietly(steps: int) -> None:
    """Ignore progress."""


def folders(root: Path) -> DataParams:
    """The data folders of a new project; none exists yet."""
    return DataParams(**{name: root / name for name in DataParams.model_fields})


def random_track(
    source: str, seed: int, n_frames: int = 6, without_person: Sequence[int] = ()
) -> LandmarkTrack:
    """Random landmarks inside the frame, except in frames without a person."""
    random = np.random.default_rng(seed)
    image = random.uniform(0.1, 0.9, (n_frames, 33, 5)).astype(np.float32)
    world = random.normal(0, 0.5, (n_frames, 33, 3)).astype(np.float32)
    image[list(without_person)], world[list(without_person)] = np.nan, np.nan
    return LandmarkTrack(source, 640, 480, np.arange(n_frames) / 30, image, world)


def random_hash(seed: int) -> str:
    """A random image hash."""
    return np.random.default_rng(seed).bytes(32).hex()


def add_landmarks(
    data: DataParams,
    kind: Kind,
    track: LandmarkTrack,
    hashes: Sequence[str] = (),
    media_sha256: str | None = None,
) -> None:
    """Write a track's landmark table, with the provenance that extraction would add."""
    data.landmarks.mkdir(parents=True, exist_ok=True)
    track.provenance.update(
        picture_hashes=list(hashes), media_sha256=media_sha256 or f"of {kind} {track.source}"
    )
    write_track(track, landmarks_path(data.landmarks, kind, track.source))


def add_labels(data: DataParams, kind: Kind, name: str, labels: Labels) -> Path:
    """Write a recording's label table."""
    path = labels_path(data.labels, kind, name)
    ranges = tuple(LabelledRange(*labelled) for labelled in labels)
    write_labels(LabelTable(f"{kind}_{name}", ranges), path)
    return path


def make(data: DataParams, spec: FeatureSpec = SPEC, mirror: bool = True) -> FeaturesMade:
    """Make all feature tables in this process."""
    return make_feature_tables(data.landmarks, data.features, spec, mirror, 1, quietly)


def make_and_combine(data: DataParams, spec: FeatureSpec = SPEC, mirror: bool = True) -> Combined:
    """Make feature tables and combine them into ``final_features.csv``."""
    make(data, spec, mirror)
    return combine(data, spec, KNOWN, quietly)
