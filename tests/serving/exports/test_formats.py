"""Exports, content negotiation and ranges, without a service."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from serving.analysis import Analysis, MediaFacts, ModelFacts
from serving.errors import NotAcceptableError
from serving.exports.captions import write_vtt
from serving.exports.elan import write_elan
from serving.exports.files import write_exports
from serving.exports.timeline_json import write_json
from serving.http.files.negotiation import chosen_format
from serving.http.files.ranges import check_range
from shared_features.classify.timeline import build_timeline
from shared_features.landmarks.landmarks import LandmarkTrack, empty_landmarks
from shared_features.params import TimelineParams

LABELS = ("front <lever>", "other")
PARAMS = TimelineParams(
    smoothing_s=0.1, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.2
)


def an_analysis(seed: int, frames: int = 40) -> Analysis:
    """Random predictions, some without a person."""
    rng = np.random.default_rng(seed)
    first = rng.random(frames).astype(np.float32)
    probabilities = np.stack([first, 1 - first], axis=1)
    probabilities[rng.random(frames) < 0.2] = np.nan
    pts_s = np.cumsum(rng.uniform(0.01, 0.1, frames)) - 0.01
    duration_s = float(pts_s[-1]) + 0.04
    timeline = build_timeline(probabilities, pts_s, duration_s, LABELS, "other", PARAMS)
    image, world = empty_landmarks(frames)
    return Analysis(
        MediaFacts("ü.mp4", "complete", frames, 64, 48, duration_s, "h264", 0, 0, 0, 1),
        ModelFacts("00", LABELS, "other", 1, "11", {}),
        timeline,
        LandmarkTrack("ü.mp4", 64, 48, pts_s, image, world),
    )


@pytest.mark.parametrize("seed", range(5))
def test_json_is_strict_and_complete(seed: int) -> None:
    """No NaN, one entry per frame, the probabilities of a frame by label."""
    file = StringIO()
    analysis = an_analysis(seed)
    write_json(analysis, file)

    def refuse(name: str) -> float:
        raise AssertionError(name)

    timeline = json.loads(file.getvalue(), parse_constant=refuse)
    assert [frame["index"] for frame in timeline["frames"]] == list(range(40))
    for frame in timeline["frames"]:
        assert (frame["probabilities"] is None) == (not frame["person"])
        assert frame["person"] or frame["confidence"] is None
    assert [total["label"] for total in timeline["totals"]] == list(LABELS)
    assert timeline["media"]["source"] == "ü.mp4"


@pytest.mark.parametrize("seed", range(5))
def test_captions_are_ordered_and_escaped(seed: int) -> None:
    """Every cue starts before it ends, and no label is read as markup."""
    file = StringIO()
    write_vtt(an_analysis(seed), file)
    cues = [line for line in file.getvalue().splitlines() if " --> " in line]
    times = [time for cue in cues for time in cue.split(" --> ")]
    assert times == sorted(times)
    assert all(start < end for start, end in (cue.split(" --> ") for cue in cues))
    assert "<lever>" not in file.getvalue()


def test_captions_of_slow_motion_go_along_with_the_video() -> None:
    """Their times are the video's, the durations in their text the performer's."""
    real = an_analysis(1)
    slow = replace(real, media=replace(real.media, slow_motion=4.0))
    expected = [
        (round(segment.start_s * 4000), f"{segment.duration_s:.1f} s")
        for segment in real.timeline.segments
    ]
    file = StringIO()
    write_vtt(slow, file)
    cues = file.getvalue().split("\n\n")[1:]
    assert len(cues) == len(expected)
    for cue, (start_ms, duration) in zip(cues, expected, strict=True):
        minutes, rest = cue[3:12].split(":")
        assert int(minutes) * 60_000 + round(float(rest) * 1000) == start_ms
        assert duration in cue
    file = StringIO()
    write_elan(slow, file)
    stored = ElementTree.fromstring(file.getvalue())  # noqa: S314 - our own
    slots = [int(slot.attrib["TIME_VALUE"]) for slot in stored.iter("TIME_SLOT")]
    assert {start_ms for start_ms, _ in expected} <= set(slots)


def test_a_failed_export_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No partial file remains, and an older file is kept."""
    write_exports(an_analysis(0), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("serving.exports.files.write_json", fail)
    with pytest.raises(OSError, match="disk full"):
        write_exports(an_analysis(1), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("text/csv", "csv"),
        ("text/vtt", "vtt"),
        ("text/*", "csv"),
        ("TEXT/VTT", "vtt"),
        ("text/html, */*;q=0.1", "json"),
        ("application/json;q=0.2, text/vtt;q=0.8", "vtt"),
        ("application/json;q=0, */*", "csv"),
        ("text/vtt;q=nonsense, text/csv;q=0.1", "csv"),
    ],
)
def test_the_heaviest_format_wins(accept: str | None, expected: str) -> None:
    """The most specific range counts for a format, its weight against the others'."""
    assert chosen_format(accept) == expected


@given(st.text())
def test_any_accept_header_is_answered(accept: str) -> None:
    """The result is a format or the error that becomes 406."""
    try:
        assert chosen_format(accept) in ("json", "csv", "vtt", "srt", "eaf")
    except NotAcceptableError as error:
        assert "text/vtt" in str(error)  # noqa: PT017 - either outcome is right


@given(st.text(max_size=30), st.integers(0, 10_000))
def test_any_range_header_passes_or_is_416(header: str, size: int) -> None:
    """No other outcome is possible."""
    try:
        check_range(f"bytes={header}", size)
    except HTTPException as error:
        assert error.status_code == 416  # noqa: PT017 - either outcome is right
