"""Probabilities over time become stable labels, segments and holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.classify.timeline import (
    NO_PERSON,
    NOT_IN_VIEW,
    UNCERTAIN,
    Timeline,
    build_timeline,
    smooth,
)
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
    """Single frames of another label do not divide a hold."""
    probabilities = rows((0, 4.0, 0.9))
    probabilities[3::7] = rows((1, 1 / FPS, 0.9))
    assert [segment.label for segment in timeline(probabilities).segments] == ["lever"]


def test_no_pose_likely_enough_is_uncertain() -> None:
    """When nothing reaches the threshold the label is "uncertain", not the best guess."""
    result = timeline(rows((0, 1.0, 0.45)))
    assert set(result.frame_labels) == {UNCERTAIN}
    assert result.holds == ()
    assert result.confidence[0] == pytest.approx(0.45)


def test_a_person_without_probabilities_is_not_all_in_view() -> None:
    """That is a segment of its own; within a pose, a short one belongs to the pose."""
    table = rows((0, 2.0, 0.9), (0, 2.0, 0.9), (0, 2.0, 0.9))
    n = len(table) // 3
    table[n : 2 * n] = np.nan
    table[n // 2 : n // 2 + 3] = np.nan
    person = np.ones(len(table), dtype=bool)
    person[n : n + n // 2] = False
    times = np.arange(len(table)) / FPS
    found = build_timeline(table, times, 6.0, LABELS, "other", PARAMS, person=person)
    labels = [segment.label for segment in found.segments]
    assert labels == ["lever", NO_PERSON, NOT_IN_VIEW, "lever"]
    assert found.person.tolist() == person.tolist()
    assert [hold.label for hold in found.holds] == ["lever", "lever"]
    assert found.segments[2].confidence is None


def test_hard_to_enter_easier_to_stay() -> None:
    """A pose continues at a probability that would not have been enough to enter it."""
    result = timeline(rows((0, 1.0, 0.9), (0, 1.0, 0.5)))
    assert set(result.frame_labels) == {"lever"}


def test_a_pose_begins_at_its_first_frame() -> None:
    """Its start does not wait until it is certain."""
    result = timeline(rows((0, 1.0, 0.5), (0, 1.0, 0.9)))
    assert result.segments[0].label == "lever"
    assert result.segments[0].start_s == 0.0


def test_no_person_is_a_label() -> None:
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


def test_smoothing_restarts_after_a_gap_in_time() -> None:
    """Frames before a pause in the recording do not influence frames after it."""
    probabilities = rows((0, 1.0, 0.9), (1, 1.0, 0.9))
    pts_s = np.arange(60) / FPS
    pts_s[30:] += 2.0
    smoothed = smooth(probabilities.astype(np.float64), pts_s, PARAMS)
    assert smoothed[29, 0] == pytest.approx(0.9)
    assert smoothed[30, 1] == pytest.approx(0.9)


def test_no_hold_spans_a_break() -> None:
    """Where recordings are joined, one hold ends and another begins, whatever the times say."""
    probabilities = rows((0, 4.0, 0.95))
    times = np.arange(len(probabilities)) / FPS
    found = build_timeline(probabilities, times, 4.0, LABELS, "other", PARAMS, [60])
    assert [(hold.first_frame, hold.last_frame) for hold in found.holds] == [(0, 59), (60, 119)]
    assert [hold.duration_s for hold in found.holds] == pytest.approx([2, 2])
    assert found.segments[0].end_s == found.segments[1].start_s
    lost = rows((0, 1.0, 0.95), (None, 0.2, 0), (0, 1.0, 0.95))
    bridged = build_timeline(lost, times[: len(lost)], 2.2, LABELS, "other", PARAMS)
    cut = build_timeline(lost, times[: len(lost)], 2.2, LABELS, "other", PARAMS, [32])
    assert [segment.label for segment in bridged.segments] == ["lever"]
    assert [segment.label for segment in cut.segments] == ["lever", NO_PERSON, NO_PERSON, "lever"]


def test_smoothing_does_not_reach_across_a_break() -> None:
    """The frames on both sides have nothing to do with each other."""
    probabilities = rows((0, 1.0, 0.95), (1, 1.0, 0.95))
    times = np.arange(len(probabilities)) / FPS
    found = build_timeline(probabilities, times, 2.0, LABELS, "other", PARAMS, [30])
    assert found.confidence == pytest.approx([0.95] * 60)


def test_a_short_stay_is_a_segment_but_no_hold() -> None:
    """Passing through a pose is not holding it."""
    result = timeline(rows((2, 1.0, 0.95), (0, 0.4, 0.95), (2, 1.0, 0.95)))
    assert "lever" in {segment.label for segment in result.segments}
    assert result.holds == ()


@pytest.mark.parametrize("fps", [10, 24, 60])
def test_the_timeline_does_not_depend_on_the_frame_rate(fps: int) -> None:
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


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 2.0))
def test_smoothing_is_the_mean_of_two_exponential_filters(seed: int, smoothing_s: float) -> None:
    """Each sample keeps exp(−Δt / time constant) of the one before, in both directions."""
    random = np.random.default_rng(seed)
    pts_s = np.cumsum(random.uniform(0.01, 0.8, 20))
    probabilities = random.dirichlet((1, 1, 1), 20)
    params = PARAMS.model_copy(update={"smoothing_s": smoothing_s})
    passes = []
    for order in (range(20), range(19, -1, -1)):
        smoothed, previous = np.empty((20, 3)), None
        for i in order:
            kept = 0.0
            if previous is not None:
                step_s = abs(pts_s[i] - pts_s[previous])
                kept = np.exp(-step_s / smoothing_s) if step_s <= params.max_gap_s else 0.0
            before = probabilities[i] if previous is None else smoothed[previous]
            smoothed[i], previous = kept * before + (1 - kept) * probabilities[i], i
        passes.append(smoothed)
    assert np.allclose(smooth(probabilities, pts_s, params), np.mean(passes, axis=0))


def test_without_a_time_constant_nothing_is_smoothed() -> None:
    """Zero is a time constant like any other, and frames without a person stay NaN."""
    probabilities = rows((0, 0.5, 0.9), (None, 0.2, 0), (1, 0.5, 0.8)).astype(np.float64)
    params = PARAMS.model_copy(update={"smoothing_s": 0.0})
    smoothed = smooth(probabilities, np.arange(len(probabilities)) / FPS, params)
    assert np.array_equal(smoothed, probabilities, equal_nan=True)
    assert np.isnan(smooth(np.full((3, 3), np.nan), np.arange(3.0), PARAMS)).all()


RAW = PARAMS.model_copy(update={"smoothing_s": 0.0})


def labels_of(
    probabilities: list[tuple[float, float, float] | None], pts_s: list[float]
) -> tuple[str, ...]:
    """Labels of single frames without smoothing; None: a frame without a person."""
    table = [(np.nan,) * 3 if row is None else row for row in probabilities]
    return timeline(np.array(table, dtype=np.float32), RAW, np.array(pts_s)).frame_labels


LEVER, HANG = (0.75, 0.25, 0.0), (0.25, 0.75, 0.0)
WEAK_LEVER, NOTHING = (0.5, 0.25, 0.25), (0.375, 0.3125, 0.3125)


@pytest.mark.parametrize(
    ("probabilities", "pts_s", "expected"),
    [
        ([LEVER, None, LEVER], [0, 0.25, 0.5], ["lever"] * 3),
        ([LEVER, None, LEVER], [0, 0.25, 0.75], ["lever", NO_PERSON, "lever"]),
        ([LEVER, None, HANG], [0, 0.25, 0.5], ["lever", NO_PERSON, "hang"]),
        ([LEVER, None, None, LEVER, HANG], [0, 0.1, 0.2, 0.3, 0.4], ["lever"] * 4 + ["hang"]),
        ([NOTHING, None, NOTHING], [0, 0.25, 0.5], [UNCERTAIN] * 3),
        ([None, LEVER, None], [0, 0.1, 0.2], [NO_PERSON, "lever", NO_PERSON]),
        ([LEVER, WEAK_LEVER], [0, 0.5], ["lever"] * 2),
        ([LEVER, WEAK_LEVER], [0, 0.75], ["lever", UNCERTAIN]),
        ([WEAK_LEVER, LEVER], [0, 0.5], ["lever"] * 2),
        ([WEAK_LEVER, LEVER], [0, 0.75], [UNCERTAIN, "lever"]),
        ([LEVER, NOTHING, WEAK_LEVER], [0, 0.1, 0.2], ["lever", UNCERTAIN, UNCERTAIN]),
        ([NOTHING, WEAK_LEVER, LEVER], [0, 0.1, 0.2], [UNCERTAIN, "lever", "lever"]),
        ([HANG, WEAK_LEVER, LEVER], [0, 0.1, 0.2], ["hang", "lever", "lever"]),
        ([WEAK_LEVER, HANG, LEVER], [0, 0.1, 0.2], [UNCERTAIN, "hang", "lever"]),
        ([WEAK_LEVER, None, LEVER], [0, 0.1, 0.2], [UNCERTAIN, NO_PERSON, "lever"]),
    ],
    ids=[
        "gap of the limit is bridged",
        "longer gap is not",
        "gap between two poses is not",
        "every frame of a gap is bridged",
        "uncertain on both sides",
        "no one at the ends",
        "a pose continues after a gap of the limit",
        "a pose ends after a longer gap",
        "a pose begins across a gap of the limit",
        "a pose does not begin before a longer gap",
        "a pose that has ended must be entered again",
        "a pose begins where it reached the exit threshold",
        "a pose begins where it became the likeliest",
        "a pose does not begin before another one",
        "a pose does not begin before a frame without a person",
    ],
)
def test_labels_of_single_frames(
    probabilities: list[tuple[float, float, float] | None],
    pts_s: list[float],
    expected: list[str],
) -> None:
    """Hysteresis and gaps, at their limits."""
    assert list(labels_of(probabilities, pts_s)) == expected


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.75, "lever"), (np.nextafter(0.75, 1), UNCERTAIN)]
)
def test_a_threshold_reached_is_enough(threshold: float, expected: str) -> None:
    """Entering and staying need at least the threshold."""
    entering = RAW.model_copy(update={"enter_confidence": threshold})
    table = np.array([LEVER], dtype=np.float32)
    assert timeline(table, entering).frame_labels == (expected,)
    staying = RAW.model_copy(update={"enter_confidence": 0.9, "exit_confidence": threshold})
    table = np.array([(1, 0, 0), LEVER], dtype=np.float32)
    assert timeline(table, staying).frame_labels == ("lever", expected)


def test_confidence_is_that_of_the_label() -> None:
    """Of the likeliest label if the frame is uncertain; a segment has the mean of its frames."""
    table = np.array([LEVER, (0.5, 0.25, 0.25), (0, 1, 0), NOTHING, (np.nan,) * 3], np.float32)
    params = RAW.model_copy(update={"enter_confidence": 0.7, "exit_confidence": 0.4})
    found = timeline(table, params, np.array([0, 0.25, 0.5, 0.75, 2.0]))
    assert found.frame_labels == ("lever", "lever", "hang", UNCERTAIN, NO_PERSON)
    assert np.array_equal(found.confidence, [0.75, 0.5, 1.0, 0.375, np.nan], equal_nan=True)
    assert [segment.confidence for segment in found.segments] == [0.625, 1.0, 0.375, None]
    assert found.person.tolist() == [True] * 4 + [False]
    assert found.labels == LABELS
    assert found.probabilities is table
    kept = timeline(np.array([LEVER, (0.4375, 0.5, 0.0625)], dtype=np.float32), RAW)
    assert kept.frame_labels == ("lever", "lever")
    assert kept.confidence.tolist() == [0.75, 0.4375]


def test_totals_add_up_segments_and_holds() -> None:
    """A stay that is too short adds time but no hold; the last segment ends with the video."""
    table = np.array([LEVER, HANG, LEVER, HANG, LEVER, (0, 0, 1)], dtype=np.float32)
    pts_s = np.array([0.0, 0.5, 0.625, 1.625, 1.75, 2.0])
    found = build_timeline(table, pts_s, 9.0, LABELS, "other", RAW)
    assert [segment.hold for segment in found.segments] == [True, False, True, False, False, False]
    lever, hang, other = found.totals
    assert (lever.label, lever.total_s, lever.holds, lever.longest_hold_s) == (
        "lever",
        1.75,
        2,
        1.0,
    )
    assert (hang.label, hang.total_s, hang.holds, hang.longest_hold_s) == ("hang", 0.25, 0, 0.0)
    assert (other.total_s, other.holds) == (7.0, 0)
    assert [hold.start_s for hold in found.holds] == [0.0, 0.625]
    assert found.segments[-1].end_s == 9.0
    early = build_timeline(table, pts_s, 1.0, LABELS, "other", RAW)
    assert early.segments[-1].end_s == 2.0
