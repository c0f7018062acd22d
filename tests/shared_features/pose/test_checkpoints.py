"""Stored chunks come back bit-identical, and only for what they were computed from."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_features.params import PoseParams
from shared_features.pose.checkpoints import CheckpointStore, landmark_provenance
from shared_features.pose.chunks import Chunk
from tests.shared_features.pose.test_chunks import chunk


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a video")
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "pose.task"
    path.write_bytes(b"a model")
    return path


def store(folder: Path, video: Path, model: Path, pose: PoseParams) -> CheckpointStore:
    return CheckpointStore(folder, video, landmark_provenance(model, pose), pose)


def assert_same(found: Chunk, expected: Chunk) -> None:
    for name in ("pts_s", "image", "world"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes()
    assert found.people_in_view == expected.people_in_view
    assert found.inferred_frames == expected.inferred_frames


def test_chunks_come_back_in_order_up_to_the_first_gap(
    tmp_path: Path, video: Path, model: Path, pose: PoseParams
) -> None:
    """A chunk after a gap is of no use to a resumed extraction."""
    chunks = [chunk(4, seed, seed) for seed in range(4)]
    written = store(tmp_path / "new" / "folder", video, model, pose)
    for number in (1, 0, 3):
        written.save(number, chunks[number])
    found = list(store(tmp_path / "new" / "folder", video, model, pose).finished())
    assert len(found) == 2
    for each, expected in zip(found, chunks, strict=False):
        assert_same(each, expected)


@pytest.mark.parametrize("damage", [lambda content: content[:50], lambda _: b"", lambda _: b"?"])
def test_a_damaged_chunk_is_a_gap(
    tmp_path: Path, video: Path, model: Path, pose: PoseParams, damage: Any
) -> None:
    """It is computed again and overwritten."""
    checkpoints = store(tmp_path / "chunks", video, model, pose)
    for number in range(3):
        checkpoints.save(number, chunk(4, number))
    second = sorted((tmp_path / "chunks").iterdir())[1]
    second.write_bytes(damage(second.read_bytes()))
    assert len(list(checkpoints.finished())) == 1
    checkpoints.save(1, chunk(4, 1))
    assert len(list(checkpoints.finished())) == 3


def test_a_chunk_without_one_of_its_arrays_is_a_gap(
    tmp_path: Path, video: Path, model: Path, pose: PoseParams
) -> None:
    """A checkpoint of an earlier version is computed again."""
    checkpoints = store(tmp_path / "chunks", video, model, pose)
    checkpoints.save(0, chunk(4))
    (path,) = (tmp_path / "chunks").iterdir()
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored if name != "inferred_frames"}
    np.savez(path, allow_pickle=False, **arrays)
    assert list(checkpoints.finished()) == []


CHANGES: list[dict[str, Any]] = [
    {"chunk_frames": 20},
    {"warmup_frames": 2},
    {"max_fps": 10.0},
    {"still_fps": 5.0},
    {"person_policy": "largest"},
    {"max_people": 3},
    {"min_detection_confidence": 0.6},
    {"min_tracking_confidence": 0.6},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_pose_setting_has_its_own_checkpoints(
    tmp_path: Path, video: Path, model: Path, pose: PoseParams, change: dict[str, Any]
) -> None:
    """A chunk only counts for the settings that it was computed with."""
    store(tmp_path / "chunks", video, model, pose).save(0, chunk(4))
    changed = pose.model_copy(update=change)
    assert list(store(tmp_path / "chunks", video, model, changed).finished()) == []


def test_checkpoints_depend_on_contents_and_not_on_names(
    tmp_path: Path, video: Path, model: Path, pose: PoseParams
) -> None:
    """Another video or model under the same name is another one; a renamed file is the same."""
    store(tmp_path / "chunks", video, model, pose).save(0, chunk(4))
    renamed = video.rename(tmp_path / "renamed.mp4"), model.rename(tmp_path / "renamed.task")
    own_path = pose.model_copy(update={"model_path": renamed[1]})
    assert len(list(store(tmp_path / "chunks", *renamed, own_path).finished())) == 1
    for path in renamed:
        content = path.read_bytes()
        path.write_bytes(b"another one")
        assert list(store(tmp_path / "chunks", *renamed, pose).finished()) == []
        path.write_bytes(content)


def test_the_provenance_names_all_settings_that_define_landmarks(
    model: Path, pose: PoseParams
) -> None:
    """The keys are those of landmark tables' descriptions."""
    changed = pose.model_copy(update={"max_fps": 12.5, "person_policy": "central"})
    provenance = landmark_provenance(model, changed)
    assert provenance == {
        "extraction_version": 3,
        "pose_model_sha256": hashlib.sha256(b"a model").hexdigest(),
        "chunk_frames": pose.chunk_frames,
        "warmup_frames": pose.warmup_frames,
        "max_fps": 12.5,
        "still_fps": pose.still_fps,
        "person_policy": "central",
    }
