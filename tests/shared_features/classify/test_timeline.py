"""Probabilities over time become stable labels, segments and holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.classify.timeline import NO_PERSON, UNCERTAIN, Timeline, build_timeline, smooth
from shared_features.params import TimelineParams

LABELS = ("lever", "hang", "other")
PARAMS = TimelineParams(
    smoothing_s=0.2, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.5
)
FPS = 30


def rows(*stretches: tuple[int | None, float, float]) -> NDArray[np.float32]:
    """Probabilities from (label or None, seconds, probability of it) stretches."""
    frames = []
    for label, seconds, probability in stretches:
        row = np.full(len(LABELS), np.nan)
        if label is not None:
            row[:] = (1 - probability) / (len(LABELS) - 1)
            row[label] = probability
        frames += [row] * round(seconds * FPS)
    return np.array(frames, dtype=np.float32)


def timeline(
    probabilities: NDArray[np.float32],
    params: TimelineParams = PARAMS,
    pts_s: NDArray[np.float64] | None = None,
) -> Timeline:
    times = np.arange(len(probabilities)) / FPS if pts_s is None else pts_s
    end_s = float(times[-1]) + 1 / FPS if len(times) else 0.0
    return build_timeline(probabilities, times, end_s, LABELS, "other", params)


def test_a_hold_is_timed_to_the_frame() -> None:
    """Smoothing has no lag: a hold begins and ends where it does, within a frame."""
    result = timeline(rows((2, 2.0, 0.95), (0, 3.0, 0.95), (2, 1.0, 0.95)))
    (hold,) = result.holds
    assert hold.label == "lever"
    assert hold.start_s == pytest.approx(2.0, abs=1.01 / FPS)
    assert hold.duration_s == pytest.approx(3.0, abs=2.01 / FPS)
    total = next(total for total in result.totals if total.label == "lever")
    assert total.holds == 1
    assert total.longest_hold_s == hold.duration_s


def test_flicker_around_the_threshold_is_one_segment() -> None:
    """Moments of another label do not cut a hold."""
    probabilities = rows((0, 4.0, 0.9))
    probabilities[3::7] = rows((1, 1 / FPS, 0.9))
    assert [segment.label for segment in timeline(probabilities).segments] == ["lever"]


def test_no_pose_likely_enough_is_uncertain() -> None:
    """When nothing reaches the threshold the answer is "uncertain", not the best guess."""
    result = timeline(rows((0, 1.0, 0.45)))
    assert set(result.frame_labels) == {UNCERTAIN}
    assert result.holds == ()
    assert result.confidence[0] == pytest.approx(0.45)


def test_hard_to_enter_easier_to_stay() -> None:
    """A pose that has begun goes on at a probability that would not have begun it."""
    result = timeline(rows((0, 1.0, 0.9), (0, 1.0, 0.5)))
    assert set(result.frame_labels) == {"lever"}


def test_a_pose_begins_at_its_first_frame() -> None:
    """The clock does not wait until the evidence is complete."""
    result = timeline(rows((0, 1.0, 0.5), (0, 1.0, 0.9)))
    assert result.segments[0].label == "lever"
    assert result.segments[0].start_s == 0.0


def test_nobody_is_an_answer() -> None:
    """A longer stretch without a person is a segment of its own, without confidence."""
    result = timeline(rows((0, 1.0, 0.9), (None, 1.0, 0), (0, 1.0, 0.9)))
    assert [segment.label for segment in result.segments] == ["lever", NO_PERSON, "lever"]
    assert result.segments[1].confidence is None
    assert len(result.holds) == 2
    assert np.isnan(result.confidence[40])


def test_a_moment_in_which_the_person_was_missed_does_not_cut_a_hold() -> None:
    """A gap no longer than the limit inside one pose belongs to it."""
    result = timeline(rows((0, 1.0, 0.9), (None, 0.2, 0), (0, 1.0, 0.9)))
    assert [segment.label for segment in result.segments] == ["lever"]
    assert not result.person.all()


def test_smoothing_starts_anew_after_a_gap_in_time() -> None:
    """What was before a pause in the recording says nothing about after it."""
    probabilities = rows((0, 1.0, 0.9), (1, 1.0, 0.9))
    pts_s = np.arange(60) / FPS
    pts_s[30:] += 2.0
    smoothed = smooth(probabilities.astype(np.float64), pts_s, PARAMS)
    assert smoothed[29, 0] == pytest.approx(0.9)
    assert smoothed[30, 1] == pytest.approx(0.9)


def test_a_short_stay_is_a_segment_but_no_hold() -> None:
    """Passing through a pose is not holding it."""
    result = timeline(rows((2, 1.0, 0.95), (0, 0.4, 0.95), (2, 1.0, 0.95)))
    assert "lever" in {segment.label for segment in result.segments}
    assert result.holds == ()


@pytest.mark.parametrize("fps", [10, 24, 60])
def test_the_answer_does_not_depend_on_the_frame_rate(fps: int) -> None:
    """Everything is in seconds."""
    pts_s = np.arange(6 * fps) / fps
    probabilities = np.full((6 * fps, 3), 0.03, dtype=np.float32)
    probabilities[:, 2] = 0.94
    inside = (pts_s >= 2) & (pts_s < 4)  # known truth: a hold of two seconds
    probabilities[inside] = (0.94, 0.03, 0.03)
    (hold,) = timeline(probabilities, pts_s=pts_s).holds
    assert hold.start_s == pytest.approx(2.0, abs=1.01 / fps)
    assert hold.end_s == pytest.approx(4.0, abs=1.01 / fps)


def test_a_recording_without_frames_is_an_empty_timeline() -> None:
    """Nothing in, nothing out."""
    result = timeline(np.zeros((0, 3), dtype=np.float32))
    assert result.segments == ()
    assert result.frame_labels == ()


@given(st.integers(0, 2**32 - 1), st.integers(1, 150))
def test_segments_tile_the_recording(seed: int, n_frames: int) -> None:
    """Without gaps, without overlap, each with the label of its frames; no time is moved."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet((0.3, 0.3, 0.3), n_frames).astype(np.float32)
    probabilities[random.random(n_frames) < 0.2] = np.nan
    pts_s = np.concatenate([[0.0], np.cumsum(random.uniform(0.001, 0.7, n_frames - 1))])
    result = timeline(probabilities, pts_s=pts_s)
    assert result.segments[0].start_s == 0.0
    assert result.segments[0].first_frame == 0
    assert result.segments[-1].last_frame == n_frames - 1
    for before, after in zip(result.segments[:-1], result.segments[1:], strict=True):
        assert before.end_s == after.start_s == pts_s[after.first_frame]
        assert before.label != after.label
        assert before.last_frame + 1 == after.first_frame
    for segment in result.segments:
        inside = result.frame_labels[segment.first_frame : segment.last_frame + 1]
        assert set(inside) == {segment.label}
    assert sum(s.duration_s for s in result.segments) == pytest.approx(result.segments[-1].end_s)


@given(st.integers(0, 2**32 - 1))
def test_smoothing_is_symmetric_in_time(seed: int) -> None:
    """A recording played backwards gives the same probabilities, backwards."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet((0.5, 0.5, 0.5), 50)
    pts_s = np.cumsum(random.uniform(0.01, 0.6, 50))
    forward = smooth(probabilities, pts_s, PARAMS)
    backward = smooth(probabilities[::-1], pts_s[-1] - pts_s[::-1], PARAMS)[::-1]
    assert np.allclose(forward, backward)
    assert np.allclose(forward.sum(axis=1), 1.0)
