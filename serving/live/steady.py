"""Steady answers while the future is not known: smoothing, hysteresis, and the hold clock.

The same rules as ``shared_features.timeline``, with what can be known so far. Smoothing needs a
moment to make up its mind; but once a pose has been entered or left, the frames in question lie in
the past, and are judged by the timeline's own smoothing to both sides. So a hold starts at the
first frame of its pose and ends at the last one, not when the smoothing has noticed.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.timeline import NO_PERSON, UNCERTAIN, smooth
from shared_features.params import TimelineParams

# How far back the start of a pose is looked for, in time constants of the smoothing: after five,
# an exponential filter has taken 99 % of a step.
_MEMORY_TIME_CONSTANTS = 8
_LEAST_MEMORY_S = 1.0


@dataclass(frozen=True)
class EndedHold:
    """A hold that is over; times as the frames have them."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class SteadyPrediction:
    """The answer for one frame.

    Attributes:
        label: a label of the model, ``uncertain`` or ``no person``.
        confidence: smoothed probability of the label (of the likeliest one when uncertain); NaN
            without a person.
        probabilities: ``(labels,)`` smoothed; NaN without a person.
        hold_s: since the first frame of the pose; None when the label is no pose.
        ended: the hold that this frame has ended, if it was long enough to count.
    """

    label: str
    confidence: float
    probabilities: NDArray[np.float64]
    hold_s: float | None
    ended: EndedHold | None


@dataclass
class _State:
    """What is remembered of the frames so far, since answers began anew.

    Attributes:
        smoothed: probabilities of the last frame with a person.
        past: times and probabilities of the last moments.
        current: the label that has been entered, if any.
        start_s: when it began.
        seen_s: time of the last frame with a person.
        lost_s: time of the first frame without one since then.
    """

    smoothed: NDArray[np.float64] | None = None
    past: deque[tuple[float, NDArray[np.float64]]] = field(default_factory=deque)
    current: int | None = None
    start_s: float = 0.0
    seen_s: float = math.inf
    lost_s: float | None = None


class PredictionSmoother:
    """Answers frame by frame.

    Args:
        labels: what the probabilities mean.
        other: the label that is no pose, and so never a hold.
        params: smoothing, hysteresis and limits.
    """

    def __init__(self, labels: tuple[str, ...], other: str, params: TimelineParams) -> None:
        self._labels = labels
        self._other = other
        self._params = params
        self._memory_s = max(_LEAST_MEMORY_S, _MEMORY_TIME_CONSTANTS * params.smoothing_s)
        self._state = _State()

    def add(self, time_s: float, probabilities: NDArray[np.float32]) -> SteadyPrediction:
        """The answer for the next frame.

        Args:
            time_s: of the frame, later than the one before.
            probabilities: ``(labels,)`` as the model gave them; NaN without a person.
        """
        if np.isnan(probabilities).any():
            return self._without_person(time_s)
        ended, lost_s = None, self._state.lost_s
        if time_s - self._state.seen_s > self._params.max_gap_s:
            ended = self.restart(time_s if lost_s is None else lost_s)
        smoothed = self._smooth(time_s, probabilities.astype(np.float64))
        self._state.lost_s, self._state.seen_s = None, time_s
        ended = self._decide(time_s, smoothed) or ended
        return self._answer(time_s, smoothed, ended)

    def restart(self, time_s: float) -> EndedHold | None:
        """Begin anew, as for another person; returns the hold that this ends at ``time_s``."""
        ended = self._hold_until(time_s)
        self._state = _State()
        return ended

    def _without_person(self, time_s: float) -> SteadyPrediction:
        """A moment in which the person was not found, inside a pose, belongs to the pose."""
        state = self._state
        if state.lost_s is None:
            state.lost_s = time_s
        nothing = np.full(len(self._labels), np.nan)
        if state.current is not None and time_s - state.seen_s <= self._params.max_gap_s:
            label = self._labels[state.current]
            return SteadyPrediction(label, math.nan, nothing, self._hold_s(time_s), None)
        return SteadyPrediction(NO_PERSON, math.nan, nothing, None, self.restart(state.lost_s))

    def _smooth(self, time_s: float, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        state = self._state
        smoothed = probabilities
        if state.smoothed is not None and self._params.smoothing_s:
            keep = math.exp((state.seen_s - time_s) / self._params.smoothing_s)
            smoothed = probabilities + keep * (state.smoothed - probabilities)
        state.smoothed = smoothed
        state.past.append((time_s, probabilities))
        while time_s - state.past[0][0] > self._memory_s:
            state.past.popleft()
        return smoothed

    def _decide(self, time_s: float, smoothed: NDArray[np.float64]) -> EndedHold | None:
        """Enter or leave a label; returns the hold that this ends."""
        state, likeliest = self._state, int(smoothed.argmax())
        if smoothed[likeliest] >= self._params.enter_confidence:
            if likeliest == state.current:
                return None
            began_s = self._began_s(likeliest, time_s)
            ended = self._hold_until(began_s)
            state.current, state.start_s = likeliest, began_s
            return ended
        if state.current is None or smoothed[state.current] >= self._params.exit_confidence:
            return None
        ended = self._hold_until(self._left_s(state.current, time_s))
        state.current = None
        return ended

    def _began_s(self, label: int, now_s: float) -> float:
        """When a label became the likeliest, as the timeline sees it."""
        exit_confidence = self._params.exit_confidence
        return self._back_to(
            now_s, lambda values: values.argmax() == label and values[label] >= exit_confidence
        )

    def _left_s(self, label: int, now_s: float) -> float:
        """When a label ceased to be probable enough, as the timeline sees it."""
        exit_confidence = self._params.exit_confidence
        return self._back_to(now_s, lambda values: values[label] < exit_confidence)

    def _back_to(self, now_s: float, holds: Callable[[NDArray[np.float64]], bool]) -> float:
        """The earliest time since which a condition holds for the probabilities."""
        times = np.array([time_s for time_s, _ in self._state.past])
        values = np.array([probabilities for _, probabilities in self._state.past])
        smoothed = smooth(values, times, self._params)
        since_s = now_s
        for time_s, probabilities in zip(times[::-1], smoothed[::-1], strict=True):
            if not holds(probabilities):
                break
            since_s = float(time_s)
        return since_s

    def _hold_until(self, end_s: float) -> EndedHold | None:
        label, start_s = self._pose(), self._state.start_s
        if label is None or end_s - start_s < self._params.min_hold_s:
            return None
        return EndedHold(label, start_s, end_s)

    def _pose(self) -> str | None:
        """The label that has been entered, if it is a pose."""
        current = self._state.current
        label = None if current is None else self._labels[current]
        return None if label == self._other else label

    def _hold_s(self, time_s: float) -> float | None:
        return None if self._pose() is None else time_s - self._state.start_s

    def _answer(
        self, time_s: float, smoothed: NDArray[np.float64], ended: EndedHold | None
    ) -> SteadyPrediction:
        current = self._state.current
        label = UNCERTAIN if current is None else self._labels[current]
        confidence = float(smoothed.max() if current is None else smoothed[current])
        return SteadyPrediction(label, confidence, smoothed, self._hold_s(time_s), ended)
