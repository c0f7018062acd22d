"""Landmarks that another program made become landmark tables, or a message."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_features.errors import StrapsError
from shared_features.landmarks.landmarks import LANDMARK_NAMES, LandmarkTrack
from shared_features.landmarks.track_csv import read_track, write_track
from shared_features.params import load_shared
from tests.training.data.tables import folders, make, random_track, same_bits
from tests.training.labels.test_label_import import LIMITS, video
from training.errors import TrainingError
from training.landmark_tables.foreign_table import read_foreign_tracks
from training.landmark_tables.import_landmarks import (
    ImportedLandmarks,
    LandmarkRequest,
    import_landmarks,
)
from training.media.extraction import IMPORTED
from training.media.landmarks import extract_recordings
from training.params import DataParams, ExtractionParams
from training.recordings.catalog import find_recordings

TRACK = random_track("a.mp4", 3, n_frames=4, without_person=[2])
BODY = [name for name in LANDMARK_NAMES if "SHOULDER" in name or LANDMARK_NAMES.index(name) > 12]


def run(source: Path, data: DataParams, **options: Any) -> ImportedLandmarks:
    return import_landmarks(LandmarkRequest(source, **options), data, LIMITS)


def written(data: DataParams, name: str = "video_a") -> LandmarkTrack:
    return read_track(data.landmarks / f"{name}_landmarks.csv")


def wide(
    name: Callable[[int, str], str],
    landmarks: Sequence[str] = LANDMARK_NAMES,
    channels: str = "xy",
    scale: tuple[float, float] = (1, 1),
    separator: str = ",",
) -> str:
    """A table with a row per frame, of the landmarks of ``TRACK``."""
    indices = [LANDMARK_NAMES.index(landmark) for landmark in landmarks]
    header = ["frame", *(name(index, channel) for index in indices for channel in channels)]
    lines = [separator.join(header)]
    for number, image in enumerate(TRACK.image):
        cells = [str(number)]
        for index in indices:
            for axis in range(len(channels)):
                value = image[index, axis] * (scale[axis] if axis < 2 else 1)
                cells.append("" if np.isnan(value) else f"{value:.9g}")
        line = separator.join(cells)
        lines.append(line.replace(".", ",") if separator == ";" else line)
    return "\n".join(lines) + "\n"


def long(names: Callable[[int], str]) -> str:
    """A table with a row per landmark; frames without a person have no rows."""
    lines = ["frame,landmark,x,y,z,visibility"]
    for number in np.flatnonzero(TRACK.person).tolist():
        for index in range(33):
            numbers = ",".join(f"{value:.9g}" for value in TRACK.image[number, index, :4])
            lines.append(f"{number},{names(index)},{numbers}")
    return "\n".join(lines) + "\n"


def test_columns_in_any_order_give_the_same_bits(tmp_path: Path) -> None:
    """A table of this project, shuffled and with another separator, comes back as it was."""
    data = folders(tmp_path / "data")
    write_track(TRACK, tmp_path / "own.csv")
    lines = [line.split(",") for line in (tmp_path / "own.csv").read_text().splitlines()]
    order = np.random.default_rng(1).permutation(len(lines[0]))
    shuffled = "\n".join("\t".join(line[index] for index in order) for line in lines)
    (tmp_path / "shuffled.tsv").write_text(shuffled.replace("nan", ""))
    imported = run(tmp_path / "shuffled.tsv", data)
    track = written(data)
    assert same_bits(track.image, TRACK.image)
    assert same_bits(track.world, TRACK.world)
    assert (track.width, track.height) == (640, 480)
    assert np.array_equal(track.pts_s, TRACK.pts_s)
    assert (imported.frames, imported.without_person) == (4, 1)


@pytest.mark.parametrize(
    "text",
    [
        wide(lambda index, channel: f"{LANDMARK_NAMES[index]}_{channel}"),
        wide(lambda index, channel: f"{LANDMARK_NAMES[index].lower()}.{channel}"),
        wide(lambda index, channel: f"{channel}{index + 1}"),
        wide(lambda index, channel: f"landmark_{index}_{channel.upper()}"),
        wide(lambda index, channel: f"{LANDMARK_NAMES[index]}_{channel}", scale=(640, 480)),
        wide(
            lambda index, channel: f"x_{index}" if channel == "x" else f"y_{index}", separator=";"
        ),
        long(lambda index: LANDMARK_NAMES[index].lower()),
        long(str),
    ],
    ids=["names", "dots", "from 1", "numbers", "pixels", "decimal commas", "rows", "numbered rows"],
)
def test_usual_forms_of_tables(text: str, tmp_path: Path) -> None:
    """Depth, visibility and world coordinates may be missing; features do without them."""
    data = folders(tmp_path / "data")
    source = tmp_path / "poses.csv"
    source.write_text(text)
    run(source, data, recording="a.mp4", size=(640, 480), fps=30)
    track = written(data)
    assert track.image[:, :, :2] == pytest.approx(TRACK.image[:, :, :2], abs=1e-6, nan_ok=True)
    assert track.person.tolist() == [True, True, False, True]
    assert np.isnan(track.world).all()
    assert make(data).made == 1


def test_other_skeletons_need_only_the_body(tmp_path: Path) -> None:
    """A nose is put between the shoulders, since a frame without one counts as empty."""
    data = folders(tmp_path / "data")
    source = tmp_path / "poses.csv"
    source.write_text(wide(lambda index, channel: f"{LANDMARK_NAMES[index]}_{channel}", BODY))
    run(source, data, recording="a.mp4", size=(640, 480), fps=30)
    track = written(data)
    assert track.person.tolist() == [True, True, False, True]
    assert track.image[0, 0, 0] == pytest.approx(TRACK.image[0, 11:13, 0].mean())


def test_the_recording_gives_size_and_times(tmp_path: Path) -> None:
    """Missing frames are frames without a person, and the stage of extraction keeps the table."""
    data = folders(tmp_path / "data")
    video(data.interim_videos / "a.mp4", 6)
    source = tmp_path / "a.csv"
    source.write_text(wide(lambda index, channel: f"{channel}_{index}"))
    run(source, data, recording="a.mp4")
    track = written(data)
    assert (len(track), track.width, track.height) == (6, 16, 16)
    assert track.pts_s == pytest.approx(np.arange(6) / 25)
    assert track.person.tolist() == [True, True, False, True, False, False]
    recordings = find_recordings(data.interim_videos, "video")
    shared = load_shared()
    report = extract_recordings(
        "video",
        recordings,
        data.landmarks,
        shared,
        ExtractionParams(workers=1, annotated_copies=False),
    )
    assert report.up_to_date == ("a.mp4",)
    assert written(data).provenance["extraction_key"] == IMPORTED


def test_existing_tables_are_kept(tmp_path: Path) -> None:
    """Only --replace overwrites them."""
    data = folders(tmp_path / "data")
    source = tmp_path / "a.csv"
    source.write_text(wide(lambda index, channel: f"{channel}_{index}"))
    options: dict[str, Any] = {"recording": "a.mp4", "size": (640, 480), "fps": 30}
    run(source, data, **options)
    source.write_text(wide(lambda index, channel: f"{channel}_{index}", scale=(0.5, 0.5)))
    kept = run(source, data, **options)
    assert kept.kept == ("a.mp4",)
    assert "--replace" in kept.warnings[0]
    assert written(data).image[0, 0, 0] == pytest.approx(TRACK.image[0, 0, 0])
    run(source, data, replace=True, **options)
    assert written(data).image[0, 0, 0] == pytest.approx(TRACK.image[0, 0, 0] / 2)


GOOD = wide(lambda index, channel: f"{channel}_{index}")
SIZED: dict[str, Any] = {"recording": "a.mp4", "size": (640, 480), "fps": 30}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (GOOD, SIZED | {"size": None}, "--size"),
        (GOOD, SIZED | {"fps": None}, "--fps"),
        (GOOD, SIZED | {"recording": None}, "--recording"),
        (GOOD.replace("\n1,", "\n0,"), SIZED, "frame 0 occurs twice"),
        (GOOD.replace("\n1,", "\none,"), SIZED, "line 3: 'one'"),
        (GOOD.replace("0.", "z.", 1), SIZED, "expected a number"),
        (GOOD.replace("x_32", "x_40"), SIZED, "numbers 34 landmarks"),
        ("frame,x,y\n0,1,2\n", SIZED, "lacks x and y of LEFT_SHOULDER"),
        ("a;b\n1;2\n", SIZED, "lacks x and y"),
        (GOOD, SIZED | {"frames_from": 1}, "expected 1 to"),
        (wide(lambda i, c: f"{c}_{i}", scale=(4000, 4000)), SIZED, "lie outside the frame"),
        (long(lambda index: str(index % 30)), SIZED, "numbers 30 landmarks"),
    ],
)
def test_what_is_uncertain_is_refused(
    text: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """The message says what to do; nothing is written."""
    data = folders(tmp_path / "data")
    source = tmp_path / "poses.csv"
    source.write_text(text)
    with pytest.raises(TrainingError) as raised:
        run(source, data, **options)
    assert message in str(raised.value)
    assert not data.landmarks.exists()


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_table_of_landmarks(tmp_path: Path, data: st.DataObject) -> None:
    """It is read, or refused with a message."""
    content = data.draw(st.sampled_from((GOOD, long(str)))).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = start + data.draw(st.sampled_from((0, 1, 5, 10**6)))
        patch = data.draw(
            st.binary(max_size=3) | st.sampled_from((b",", b"\n", b'"', b"1e999", b"-"))
        )
        content = content[:start] + patch + content[end:]
    source = tmp_path / "poses.csv"
    source.write_bytes(content)
    with contextlib.suppress(StrapsError):
        read_foreign_tracks(source)
