"""Landmark tables on disk read back as the same bits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_features.errors import TrackError
from shared_features.features.spec import FeatureSpec
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import COLUMNS, read_track, write_track


def random_track(seed: int, n_frames: int = 6) -> LandmarkTrack:
    """Landmarks across the range of a float32, with some frames without a person."""
    random = np.random.default_rng(seed)
    exponents = random.uniform(-30, 30, (n_frames, 33, 8))
    values = (random.normal(size=exponents.shape) * 10.0**exponents).astype(np.float32)
    values[random.random(n_frames) < 0.3] = np.nan
    return LandmarkTrack(
        source='a "strange", name.mp4',
        width=1080,
        height=1920,
        pts_s=np.cumsum(random.uniform(0, 0.1, n_frames)),
        image=np.ascontiguousarray(values[..., :5]),
        world=np.ascontiguousarray(values[..., 5:]),
        provenance={"chunk_frames": 300, "people_in_view": [1, 2]},
    )


@given(st.integers(0, 2**32 - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_a_track_survives_its_table_bit_for_bit(tmp_path: Path, seed: int) -> None:
    """Every float32 and every time comes back as the same bits, and so do the features."""
    track = random_track(seed)
    path = tmp_path / "video_x_landmarks.csv"
    write_track(track, path)
    again = read_track(path)
    assert again.image.tobytes() == track.image.tobytes()
    assert again.world.tobytes() == track.world.tobytes()
    assert again.pts_s.tobytes() == track.pts_s.tobytes()
    assert (again.source, again.width, again.height) == (track.source, 1080, 1920)
    assert again.provenance == track.provenance
    spec = FeatureSpec()
    assert spec.of_track(again).tobytes() == spec.of_track(track).tobytes()


def test_a_frame_without_a_person_is_a_row(tmp_path: Path) -> None:
    """Rows of the table are the frames decoded, numbered from 0."""
    track = random_track(1, n_frames=20)
    write_track(track, tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert [line.split(",")[0] for line in lines[1:]] == [str(i) for i in range(20)]
    assert 0 < track.person.sum() < 20


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "a,b,c\n1,2,3\n",
        lambda text: text[: len(text) * 2 // 3],
        lambda text: text.replace("1080", "wide"),
        lambda text: text.splitlines()[0] + "\n",
        lambda text: "\n".join([*text.splitlines()[:3], *text.splitlines()[4:]]) + "\n",
        lambda text: text + text.splitlines()[1] + "\n",
        lambda text: text.replace("name.mp4", "other.mp4", 1),
        lambda text: text + '"',
    ],
    ids=[
        *("empty", "other columns", "cut off", "not a number", "no rows"),
        *("a frame is missing", "a frame twice", "two recordings", "a stray quote"),
    ],
)
def test_a_file_that_is_not_a_landmark_table_is_refused(tmp_path: Path, damage) -> None:
    """The message names the file and what to do."""
    path = tmp_path / "t.csv"
    write_track(random_track(2), path)
    path.write_text(damage(path.read_text()))
    with pytest.raises(TrackError, match=r"t\.csv"):
        read_track(path)


def test_all_wrong_arrays_are_named_at_once() -> None:
    """Every problem of a track is named, not only the first."""
    with pytest.raises(TrackError, match=r"image has shape.*world has shape.*image has type"):
        LandmarkTrack("x", 10, 10, np.zeros(2), np.zeros((3, 33, 5)), np.zeros((2, 5, 3), "f4"))


def test_a_file_name_that_is_not_text_is_kept(tmp_path: Path) -> None:
    """Any bytes that a file system allows are read back."""
    track = replace(random_track(3), source=b"caf\xe9.mp4".decode("utf-8", "surrogateescape"))
    write_track(track, tmp_path / "t.csv")
    assert read_track(tmp_path / "t.csv").source == track.source
