"""SRT, ELAN, angles and the landmark table agree with the timeline."""

import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from pympi import Eaf

from serving.analysis import Analysis
from serving.exports.captions import write_srt
from serving.exports.elan import HOLD_TIER, POSE_TIER, write_elan
from serving.exports.entries import media_entry
from serving.exports.files import write_exports
from serving.exports.joint_angles import MAX_POINTS, write_angles
from serving.http.schemas import MediaOut
from shared_features.landmarks.landmarks import LANDMARK_INDEX, LandmarkTrack, empty_landmarks
from shared_features.landmarks.track_csv import read_track
from tests.serving.exports.test_formats import an_analysis

# ELAN and SubRip count in whole milliseconds.
ROUNDING_MS = 1


def shown_segments(analysis: Analysis) -> list[tuple[int, int, str]]:
    """Start and end in milliseconds, and label, of every segment of at least a millisecond."""
    segments = [
        (round(s.start_s * 1000), round(s.end_s * 1000), s.label)
        for s in analysis.timeline.segments
    ]
    return [segment for segment in segments if segment[1] > segment[0]]


def milliseconds(text: str) -> int:
    hours, minutes, seconds, ms = map(int, re.split("[:,]", text))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


@pytest.mark.parametrize("seed", range(5))
def test_subtitles_are_numbered_and_timed_like_the_segments(seed: int) -> None:
    """One subtitle per segment, in order; no label is read as a tag."""
    analysis, file = an_analysis(seed), StringIO()
    write_srt(analysis, file)
    blocks = file.getvalue().strip().split("\n\n")
    expected = shown_segments(analysis)
    assert len(blocks) == len(expected)
    for number, (block, (start_ms, end_ms, _)) in enumerate(
        zip(blocks, expected, strict=True), start=1
    ):
        lines = block.split("\n")
        assert lines[0] == str(number)
        assert [milliseconds(time) for time in lines[1].split(" --> ")] == [start_ms, end_ms]
        assert len(lines) == 4
    assert "<" not in file.getvalue()


@pytest.mark.parametrize("seed", range(5))
def test_elan_reads_back_the_segments(seed: int, tmp_path: Path) -> None:
    """Both tiers, read with the library that ELAN users have."""
    analysis = an_analysis(seed)
    path = tmp_path / "poses.eaf"
    with path.open("w", encoding="utf-8") as file:
        write_elan(analysis, file)
    document = Eaf(path)
    assert set(document.get_tier_names()) == {POSE_TIER, HOLD_TIER}
    poses = sorted(
        annotation[:3] for annotation in document.get_annotation_data_for_tier(POSE_TIER)
    )
    assert poses == sorted(shown_segments(analysis))
    holds = sorted(
        annotation[:2] for annotation in document.get_annotation_data_for_tier(HOLD_TIER)
    )
    assert holds == [
        (round(hold.start_s * 1000), round(hold.end_s * 1000)) for hold in analysis.timeline.holds
    ]
    (linked,) = document.get_linked_files()
    assert linked["MEDIA_URL"] == "ü.mp4"
    assert linked["RELATIVE_MEDIA_URL"] == "./ü.mp4"


def test_elan_accepts_any_name(tmp_path: Path) -> None:
    """Characters that XML does not allow do not break the document."""
    analysis = an_analysis(0)
    odd = replace(analysis, media=replace(analysis.media, source='a\x00&"<b>\ud800.weird'))
    with (tmp_path / "poses.eaf").open("w", encoding="utf-8") as file:
        write_elan(odd, file)
    (linked,) = Eaf(tmp_path / "poses.eaf").get_linked_files()
    assert linked["MEDIA_URL"] == 'a�&"<b>�.weird'


def test_the_same_analysis_gives_the_same_bytes(tmp_path: Path) -> None:
    """In every format: none has the current time."""
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        write_exports(an_analysis(1), folder)
    names = {path.name for path in folders[0].iterdir()}
    assert names == {path.name for path in folders[1].iterdir()}
    for name in names:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name


def test_the_landmark_table_reads_back(tmp_path: Path) -> None:
    """Bit for bit, from the requested file name."""
    analysis = with_bodies(an_analysis(2))
    written = write_exports(analysis, tmp_path, "video_x_landmarks.csv")
    assert tmp_path / "video_x_landmarks.csv" in written
    track = read_track(tmp_path / "video_x_landmarks.csv")
    assert track.image.tobytes() == analysis.track.image.tobytes()


def with_bodies(analysis: Analysis, frames: int | None = None) -> Analysis:
    """An analysis with landmarks: a left elbow at 90 degrees, no person in the first frame."""
    count = len(analysis.track) if frames is None else frames
    image, world = empty_landmarks(count)
    rng = np.random.default_rng(0)
    image[1:] = rng.uniform(0.2, 0.8, image[1:].shape)
    corner = {"LEFT_SHOULDER": (0.5, 0.2), "LEFT_ELBOW": (0.5, 0.5), "LEFT_WRIST": (0.8, 0.5)}
    for name, xy in corner.items():
        image[1:, LANDMARK_INDEX[name], :2] = xy
    pts_s = np.arange(count) / 30
    track = LandmarkTrack("ü.mp4", 64, 48, pts_s, image, world)
    return replace(analysis, track=track)


def test_angles_are_degrees_in_the_image() -> None:
    """A right angle is 90.0, also in a wide frame; null without a person; one decimal."""
    file = StringIO()
    write_angles(with_bodies(an_analysis(3)), file)
    angles = json.loads(file.getvalue())
    assert set(angles) == {"pts_s", "angles"}
    assert angles["angles"]["left elbow"] == [None] + [90.0] * 39
    assert set(angles["angles"]) >= {"left knee", "right knee", "left hip", "spine", "torso"}
    for values in angles["angles"].values():
        assert len(values) == len(angles["pts_s"])
        assert all(value == round(value, 1) for value in values if value is not None)


@pytest.mark.parametrize("frames", [1, MAX_POINTS, MAX_POINTS + 1, 9999])
def test_angles_of_long_videos_are_thinned_evenly(frames: int) -> None:
    """At most 2000 points, evenly spaced."""
    file = StringIO()
    write_angles(with_bodies(an_analysis(4), frames), file)
    times = json.loads(file.getvalue())["pts_s"]
    assert min(frames, MAX_POINTS // 2) <= len(times) <= MAX_POINTS
    assert times[0] == 0
    assert np.ptp(np.diff(times)) < 1e-5 if len(times) > 1 else True


def test_what_is_rarely_worth_saying_is_left_out() -> None:
    """Jumps and notes are in the facts of a video only if there are any."""
    analysis = an_analysis(3)
    ordinary = media_entry(analysis)
    assert not {"time_jumps", "notes"} & set(ordinary)
    assert ordinary["decode_failures"] == 0
    media = replace(analysis.media, time_jumps=2, notes=("The clock jumps.",))
    said = media_entry(replace(analysis, media=media))
    assert (said["time_jumps"], said["notes"]) == (2, ("The clock jumps.",))
    MediaOut.model_validate(said)
    assert MediaOut.model_validate(ordinary).notes == []
