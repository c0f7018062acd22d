"""Landmark tables become feature tables: the right rows, the same bits, and no work twice."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_features.errors import TrackError
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import read_track, write_track
from tests.training.data.tables import (
    SPEC,
    add_landmarks,
    folders,
    make,
    quietly,
    random_track,
    same_bits,
)
from training.data import landmark_pieces as reading
from training.data.feature_rows import FRAME_COLUMNS
from training.data.feature_tables import make_feature_tables
from training.data.landmark_pieces import landmark_pieces
from training.errors import RecordingError


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def any_track(seed: int, n_frames: int) -> LandmarkTrack:
    """Landmarks over the whole float32 range, with some frames without a person."""
    random = np.random.default_rng(seed)
    exponents = random.uniform(-44, 38, (n_frames, 33, 8))
    with np.errstate(over="ignore"):
        values = (random.normal(size=exponents.shape) * 10.0**exponents).astype(np.float32)
    values[~np.isfinite(values)] = 0
    values[random.random(n_frames) < 0.3] = np.nan
    return LandmarkTrack(
        'a "strange", name.mp4',
        1080,
        1920,
        np.cumsum(random.uniform(0, 0.1, n_frames)),
        np.ascontiguousarray(values[..., :5]),
        np.ascontiguousarray(values[..., 5:]),
    )


@given(seed=st.integers(0, 2**32 - 1), block_frames=st.sampled_from([2, 5, 1000]))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
def test_pieces_are_what_the_whole_table_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, block_frames: int
) -> None:
    """Pieces of any size have the same bits as the table read at once."""
    monkeypatch.setattr(reading, "_BLOCK_BYTES", block_frames * 5000)
    path = tmp_path / "video_x_landmarks.csv"
    write_track(any_track(seed, n_frames=12), path)
    whole = read_track(path)
    pieces = list(landmark_pieces(path))
    for part in ("pts_s", "image", "world"):
        together = np.concatenate([getattr(piece, part) for piece in pieces])
        assert together.tobytes() == getattr(whole, part).tobytes()
    assert {(piece.source, piece.width, piece.height) for piece in pieces} == {
        (whole.source, whole.width, whole.height)
    }


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "a,b,c\n1,2,3\n",
        lambda text: text[: len(text) * 2 // 3],
        lambda text: text.replace("1080", "wide"),
        lambda text: text.splitlines()[0] + "\n",
        lambda text: text.replace("\n", ",1\n", 3),
        lambda text: "\0\xff" * 500,
    ],
    ids=["empty", "other columns", "cut off", "no number", "no rows", "longer", "no text"],
)
def test_a_damaged_landmark_table_is_refused(tmp_path: Path, damage) -> None:
    """The message names the file and what to do."""
    path = tmp_path / "video_x_landmarks.csv"
    write_track(any_track(1, 6), path)
    path.write_text(damage(path.read_text()))
    with pytest.raises(TrackError, match=r"video_x_landmarks\.csv.*again"):
        list(landmark_pieces(path))


def test_rows_are_frames_with_a_person_and_their_mirror_images(tmp_path: Path) -> None:
    """Rows are in frame order, the real one first; frames without a person are counted."""
    data = folders(tmp_path)
    track = random_track("routine.mp4", 1, n_frames=5, without_person=[0, 3])
    add_landmarks(data, "video", track)
    made = make(data)
    table = rows(data.features / "video_routine_features.csv")
    assert tuple(table[0]) == (*FRAME_COLUMNS, *SPEC.columns)
    assert [(row["frame_number"], row["augmented"]) for row in table] == [
        (str(frame), augmented) for frame in (1, 2, 4) for augmented in "01"
    ]
    assert {row["filename"] for row in table} == {"video_routine.mp4"}
    assert [float(row["pts_s"]) for row in table[::2]] == track.pts_s[[1, 2, 4]].tolist()
    assert (made.frames, made.without_person) == (5, 2)


def test_the_numbers_are_those_of_the_spec(tmp_path: Path) -> None:
    """Every float32 has the same bits after reading; relations are words, empty if unknown."""
    data = folders(tmp_path)
    track = random_track("a, b.mp4", 2)
    track.image[2, 25:] = np.nan  # Knees and feet are out of view.
    add_landmarks(data, "video", track)
    make(data)
    table = rows(data.features / "video_a, b_features.csv")
    codes = {"below": -1.0, "level": 0.0, "above": 1.0, "": np.nan}
    for augmented, expected in (("0", track), ("1", track.mirrored())):
        found = [
            [codes[row[c]] if c.startswith("spatial_") else float(row[c]) for c in SPEC.columns]
            for row in table
            if row["augmented"] == augmented
        ]
        assert same_bits(np.float32(found), SPEC.of_track(expected))
    assert table[4]["spatial_left_knee_hip"] == ""


@pytest.mark.parametrize(
    ("names", "mirrored"),
    [
        (["a.mp4"], {"video_a": True}),
        (["a.mp4", "mirrored_a.mp4"], {"video_a": False, "video_mirrored_a": False}),
        (["mirrored_a.mp4"], {"video_mirrored_a": False}),
        (["a.mp4", "mirrored_b.mp4"], {"video_a": True, "video_mirrored_b": False}),
    ],
    ids=["no copy", "with its copy", "a copy alone", "another's copy"],
)
def test_nothing_is_mirrored_twice(
    tmp_path: Path, names: list[str], mirrored: dict[str, bool]
) -> None:
    """Neither a mirrored copy nor a recording that has one gets mirrored landmarks."""
    data = folders(tmp_path)
    for seed, name in enumerate(names):
        add_landmarks(data, "video", random_track(name, seed))
    make(data)
    for table, expected in mirrored.items():
        made_up = {row["augmented"] for row in rows(data.features / f"{table}_features.csv")}
        assert made_up == ({"0", "1"} if expected else {"0"})


def test_mirror_images_can_be_switched_off(tmp_path: Path) -> None:
    """`make_features.mirror_landmarks: false` gives real rows only."""
    data = folders(tmp_path)
    add_landmarks(data, "photo", random_track("a.jpg", 1, n_frames=1))
    make(data, mirror=False)
    assert [row["augmented"] for row in rows(data.features / "photo_a_features.csv")] == ["0"]


def test_only_outdated_tables_are_made_again(tmp_path: Path) -> None:
    """A table is outdated after a change of landmarks, features or mirrored copies."""
    data = folders(tmp_path)
    add_landmarks(data, "video", random_track("a.mp4", 1))
    add_landmarks(data, "video", random_track("b.mp4", 2))
    assert (make(data).made, make(data).made) == (2, 0)
    add_landmarks(data, "video", random_track("b.mp4", 3, n_frames=7))
    assert make(data).made == 1
    other = FeatureSpec(spatial_margin=0.1)
    assert (make(data, other).made, make(data, other).made) == (2, 0)
    add_landmarks(data, "video", random_track("mirrored_a.mp4", 1))
    assert make(data, other).made == 2  # the copy, and the original without mirror images
    assert make(data, other).up_to_date == 3
    # After a kill between a table and its settings, the table counts as missing.
    (data.features / "video_b_features.json").unlink()
    assert make(data, other).made == 1


def test_a_damaged_table_is_named_and_the_others_made(tmp_path: Path) -> None:
    """Its earlier feature table is removed, so that it is not trained on."""
    data = folders(tmp_path)
    for seed in range(3):
        add_landmarks(data, "video", random_track(f"{seed}.mp4", seed))
    make(data)
    table = data.landmarks / "video_1_landmarks.csv"
    table.write_text(table.read_text()[:5000])
    made = make(data)
    assert len(made.damaged) == 1
    assert "video_1_landmarks.csv" in made.damaged[0]
    assert (made.made, made.up_to_date) == (0, 2)
    assert not (data.features / "video_1_features.csv").exists()


def test_several_processes_make_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables are the same, byte for byte, for any number of processes."""
    data = folders(tmp_path)
    for seed in range(4):
        add_landmarks(data, "video", random_track(f"{seed}.mp4", seed))
    make(data)
    alone = {path.name: path.read_bytes() for path in data.features.glob("*.csv")}
    monkeypatch.setattr("training.data.feature_tables._WORTH_A_PROCESS_BYTES", 0)
    elsewhere = tmp_path / "elsewhere"
    made = make_feature_tables(data.landmarks, elsewhere, SPEC, True, 2, quietly)
    assert made.made == 4
    assert {path.name: path.read_bytes() for path in elsewhere.glob("*.csv")} == alone


def test_without_landmarks_the_next_step_is_named(tmp_path: Path) -> None:
    """The message names the command that writes landmark tables."""
    with pytest.raises(RecordingError, match=r"extract-video-landmarks"):
        make(folders(tmp_path))


def test_a_recording_without_a_person_has_an_empty_table(tmp_path: Path) -> None:
    """No person in any frame is a result, not an error."""
    data = folders(tmp_path)
    add_landmarks(data, "photo", random_track("empty.jpg", 1, n_frames=1, without_person=[0]))
    made = make(data)
    assert (made.made, made.without_person) == (1, 1)
    assert rows(data.features / "photo_empty_features.csv") == []
