"""Live predictions follow the rules of the timeline; the hold clock is exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.live.one_euro import OneEuroFilter
from serving.live.steady import EndedHold, PredictionSmoother, SteadyPrediction
from shared_features.classify.timeline import NO_PERSON, NOT_IN_VIEW, UNCERTAIN, build_timeline
from shared_features.params import TimelineParams

LABELS = ("front lever", "back lever", "other")
OTHER = "other"
PARAMS = TimelineParams(
    smoothing_s=0.2, enter_confidence=0.6, exit_confidence=0.4, max_gap_s=0.5, min_hold_s=0.5
)
FRAME_S = 1 / 30
NOBODY = np.full(len(LABELS), np.nan, dtype=np.float32)


def sure_of(label: str, probability: float = 0.9) -> NDArray[np.float32]:
    probabilities = np.full(len(LABELS), (1 - probability) / (len(LABELS) - 1), dtype=np.float32)
    probabilities[LABELS.index(label)] = probability
    return probabilities


def play(
    stretches: list[tuple[NDArray[np.float32], int]], frame_s: float = FRAME_S
) -> tuple[list[SteadyPrediction], NDArray[np.float64], NDArray[np.float32]]:
    """Predictions, times and probabilities for runs of equal frames."""
    rows = np.array([values for values, frames in stretches for _ in range(frames)], np.float32)
    times = np.array([index * frame_s for index in range(len(rows))])
    steady = PredictionSmoother(LABELS, OTHER, PARAMS)
    return [steady.add(t, row) for t, row in zip(times, rows, strict=True)], times, rows


def ended(predictions: list[SteadyPrediction]) -> list[EndedHold]:
    return [prediction.ended for prediction in predictions if prediction.ended is not None]


def test_the_clock_starts_at_the_first_frame_of_the_pose() -> None:
    """The label changes late, but the clock does not start late."""
    predictions, _, _ = play([(sure_of(OTHER), 30), (sure_of("front lever"), 30)])
    first = next(i for i, prediction in enumerate(predictions) if prediction.label == "front lever")
    assert first > 31, "smoothing has to see some frames first"
    assert predictions[first].hold_s == pytest.approx((first - 30) * FRAME_S, abs=FRAME_S)
    assert predictions[-1].hold_s == pytest.approx(29 * FRAME_S, abs=FRAME_S)


def test_a_person_who_is_cut_off_is_not_all_in_view() -> None:
    """For longer than the longest gap; before that, the pose goes on, as without a person."""
    steady = PredictionSmoother(LABELS, OTHER, PARAMS)
    for index in range(30):
        steady.add(index * FRAME_S, sure_of("front lever"), person=True)
    found = [steady.add(index * FRAME_S, NOBODY, person=True) for index in range(30, 60)]
    assert found[0].label == "front lever"
    assert (found[-1].label, found[-1].hold_s) == (NOT_IN_VIEW, None)
    assert [hold.label for hold in ended(found)] == ["front lever"]
    assert steady.add(2.0, NOBODY).label == NO_PERSON


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([*LABELS, None]), st.integers(20, 60)), min_size=1, max_size=6
    ),
    st.sampled_from([1 / 15, 1 / 30, 1 / 60]),
)
def test_holds_are_those_of_the_timeline(
    plan: list[tuple[str | None, int]], frame_s: float
) -> None:
    """The same holds as in the timeline, with times within a frame and 40 ms."""
    plan = [*plan, (OTHER, 60)]  # so that the last hold is over
    stretches = [
        (NOBODY if label is None else sure_of(label), round(frames / 30 / frame_s))
        for label, frames in plan
    ]
    predictions, times, rows = play(stretches, frame_s)
    timeline = build_timeline(rows, times, times[-1] + frame_s, LABELS, OTHER, PARAMS)
    found = ended(predictions)
    assert [hold.label for hold in found] == [hold.label for hold in timeline.holds]
    for live, recorded in zip(found, timeline.holds, strict=True):
        assert live.start_s == pytest.approx(recorded.start_s, abs=frame_s + 0.04)
        assert live.end_s == pytest.approx(recorded.end_s, abs=frame_s + 0.04)


def test_a_flicker_does_not_stop_the_clock() -> None:
    """Two frames of doubt in a pose are smoothed away."""
    lever = sure_of("front lever")
    predictions, _, _ = play([(lever, 30), (sure_of(OTHER), 2), (lever, 30)])
    assert {prediction.label for prediction in predictions} == {"front lever"}
    assert predictions[-1].hold_s == pytest.approx(61 * FRAME_S)
    assert ended(predictions) == []


def test_a_person_lost_briefly_keeps_the_hold() -> None:
    """Up to the longest gap; frames without a person have no confidence."""
    lever = sure_of("front lever")
    predictions, _, _ = play([(lever, 30), (NOBODY, 10), (lever, 30)])
    lost = predictions[35]
    assert lost.label == "front lever"
    assert np.isnan(lost.confidence)
    assert np.isnan(lost.probabilities).all()
    assert predictions[-1].hold_s == pytest.approx(69 * FRAME_S)


def test_a_person_who_leaves_ends_the_hold() -> None:
    """After the longest gap; the hold ends where the person was last seen."""
    lever = sure_of("front lever")
    predictions, _, _ = play([(lever, 45), (NOBODY, 30), (lever, 30)])
    [hold] = ended(predictions)
    assert (hold.label, hold.start_s) == ("front lever", 0.0)
    assert hold.end_s == pytest.approx(45 * FRAME_S)
    assert predictions[70].label == NO_PERSON
    assert predictions[70].hold_s is None
    assert predictions[-1].hold_s == pytest.approx(29 * FRAME_S)


def test_a_gap_between_frames_resets() -> None:
    """After a pause of the camera, earlier frames no longer count."""
    steady = PredictionSmoother(LABELS, OTHER, PARAMS)
    for index in range(45):
        steady.add(index * FRAME_S, sure_of("front lever"))
    after = steady.add(10.0, sure_of("back lever"))
    assert after.ended is not None
    assert after.ended.label == "front lever"
    assert after.label == "back lever"
    assert after.hold_s == 0


def test_low_probabilities_are_uncertain() -> None:
    """There is neither a label nor a hold."""
    predictions, _, _ = play([(np.array([0.5, 0.3, 0.2], dtype=np.float32), 30)])
    assert {prediction.label for prediction in predictions} == {UNCERTAIN}
    assert predictions[-1].confidence == pytest.approx(0.5)
    assert predictions[-1].hold_s is None


def test_a_short_hold_does_not_count() -> None:
    """It is shown while it lasts but not reported."""
    predictions, _, _ = play(
        [(sure_of(OTHER), 30), (sure_of("front lever"), 12), (sure_of(OTHER), 30)]
    )
    assert "front lever" in {prediction.label for prediction in predictions}
    assert ended(predictions) == []


def test_a_still_body_is_drawn_still_and_a_moving_one_without_lag() -> None:
    """Jitter at rest is less than half; half a second into a movement, little is missing."""
    noise = np.random.default_rng(3).normal(0, 0.002, (200, 33, 2))
    still = OneEuroFilter(1.5, 10)
    drawn = np.array([still.add(i * FRAME_S, 0.5 + noise[i]) for i in range(200)])
    assert np.diff(drawn[50:], axis=0).std() < 0.5 * np.diff(noise[50:], axis=0).std()
    moving = OneEuroFilter(1.5, 10)
    for index in range(16):
        shown = moving.add(index * FRAME_S, np.array([0.8 * index * FRAME_S]))
    assert 0.8 * 15 * FRAME_S - shown[0] < 0.03
