"""Steady predictions from past frames alone: smoothing, hysteresis, and the hold clock.

The rules are those of ``shared_features.classify.timeline``. Causal smoothing notices a pose late;
but by the time it does, the frames in question lie in the past, where the timeline's symmetric
smoothing applies. So a hold starts at the first frame of its pose and ends at the last one.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.timeline import NO_PERSON, NOT_IN_VIEW, UNCERTAIN, smooth
from shared_features.params import TimelineParams
from shared_features.scoring.holds import HoldScore

# How far back to search for the start of a pose, in time constants of the smoothing: after five, an
# exponential filter has taken 99 % of a step.
_MEMORY_TIME_CONSTANTS = 8
_LEAST_MEMORY_S = 1.0


@dataclass(frozen=True)
class EndedHold:
    """A hold that has ended.

    Attributes:
        label: The pose.
        start_s: Capture time of its first frame, in seconds.
        end_s: Capture time of its end.
        score: Its score; None if it was not scored.
    """

    label: str
    start_s: float
    end_s: float
    score: HoldScore | None = None


@dataclass(frozen=True)
class SteadyPrediction:
    """The smoothed prediction for one frame.

    Attributes:
        label: A label of the model, ``uncertain``, ``not all in view`` or ``no person``.
        confidence: Smoothed probability of the label (of the likeliest one when uncertain); NaN
            without probabilities.
        probabilities: ``(labels,)`` smoothed probabilities; NaN without a person, or if not all of
            the body is in view.
        hold_s: Seconds since the first frame of the pose; None when the label is no pose.
        ended: The hold that this frame ended, if it was long enough to count.
    """

    label: str
    confidence: float
    probabilities: NDArray[np.float64]
    hold_s: float | None
    ended: EndedHold | None


@dataclass
class _State:
    """Memory of the frames since the last reset.

    Attributes:
        smoothed: Smoothed probabilities of the last frame that had any.
        past: Times and probabilities of the most recent frames.
        current: Index of the current label; None while uncertain.
        start_s: Start of the current label.
        seen_s: Time of the last frame with probabilities.
        lost_s: Time of the first frame without any since then; None if there is none.
    """

    smoothed: NDArray[np.float64] | None = None
    past: deque[tuple[float, NDArray[np.float64]]] = field(default_factory=deque)
    current: int | None = None
    start_s: float = 0.0
    seen_s: float = math.inf
    lost_s: float | None = None


class PredictionSmoother:
    """Smooths predictions frame by frame and times holds.

    Args:
        labels: Labels of the model, in the order of the probabilities.
        other: The label that is no pose, and so never a hold.
        params: Smoothing, hysteresis and limits.
    """

    def __init__(self, labels: tuple[str, ...], other: str, params: TimelineParams) -> None:
        self._labels = labels
        self._other = other
        self._params = params
        self._memory_s = max(_LEAST_MEMORY_S, _MEMORY_TIME_CONSTANTS * params.smoothing_s)
        self._state = _State()

    def add(
        self, time_s: float, probabilities: NDArray[np.float32], person: bool = False
    ) -> SteadyPrediction:
        """The smoothed prediction for the next frame.

        Args:
            time_s: Capture time in seconds, later than the one before.
            probabilities: ``(labels,)`` raw probabilities of the model; NaN without a person, or if
                not all of the body is in view.
            person: Whether a person was found; a frame with probabilities has one.
        """
        if np.isnan(probabilities).any():
            return self._unknown(time_s, NOT_IN_VIEW if person else NO_PERSON)
        ended, lost_s = None, self._state.lost_s
        if time_s - self._state.seen_s > self._params.max_gap_s:
            ended = self.reset(time_s if lost_s is None else lost_s)
        smoothed = self._smooth(time_s, probabilities.astype(np.float64))
        self._state.lost_s, self._state.seen_s = None, time_s
        ended = self._decide(time_s, smoothed) or ended
        return self._prediction(time_s, smoothed, ended)

    def reset(self, time_s: float) -> EndedHold | None:
        """Forget the past, as for another person; returns the hold that this ends at ``time_s``."""
        ended = self._hold_until(time_s)
        self._state = _State()
        return ended

    def _unknown(self, time_s: float, reason: str) -> SteadyPrediction:
        """A short time without probabilities during a pose counts as part of the pose."""
        state = self._state
        if state.lost_s is None:
            state.lost_s = time_s
        unknown = np.full(len(self._labels), np.nan)
        if state.current is not None and time_s - state.seen_s <= self._params.max_gap_s:
            label = self._labels[state.current]
            return SteadyPrediction(label, math.nan, unknown, self._hold_s(time_s), None)
        return SteadyPrediction(reason, math.nan, unknown, None, self.reset(state.lost_s))

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
        """When a label became the likeliest, by the timeline's smoothing."""
        exit_confidence = self._params.exit_confidence
        return self._true_since(
            now_s, lambda values: values.argmax() == label and values[label] >= exit_confidence
        )

    def _left_s(self, label: int, now_s: float) -> float:
        """When a label became too unlikely, by the timeline's smoothing."""
        exit_confidence = self._params.exit_confidence
        return self._true_since(now_s, lambda values: values[label] < exit_confidence)

    def _true_since(self, now_s: float, condition: Callable[[NDArray[np.float64]], bool]) -> float:
        """The time since which a condition on the probabilities has been true without a break."""
        times = np.array([time_s for time_s, _ in self._state.past])
        values = np.array([probabilities for _, probabilities in self._state.past])
        smoothed = smooth(values, times, self._params)
        since_s = now_s
        for time_s, probabilities in zip(times[::-1], smoothed[::-1], strict=True):
            if not condition(probabilities):
                break
            since_s = float(time_s)
        return since_s

    def _hold_until(self, end_s: float) -> EndedHold | None:
        label, start_s = self._pose(), self._state.start_s
        if label is None or end_s - start_s < self._params.min_hold_s:
            return None
        return EndedHold(label, start_s, end_s)

    def _pose(self) -> str | None:
        """The current label, if it is a pose."""
        current = self._state.current
        label = None if current is None else self._labels[current]
        return None if label == self._other else label

    def _hold_s(self, time_s: float) -> float | None:
        return None if self._pose() is None else time_s - self._state.start_s

    def _prediction(
        self, time_s: float, smoothed: NDArray[np.float64], ended: EndedHold | None
    ) -> SteadyPrediction:
        current = self._state.current
        label = UNCERTAIN if current is None else self._labels[current]
        confidence = float(smoothed.max() if current is None else smoothed[current])
        return SteadyPrediction(label, confidence, smoothed, self._hold_s(time_s), ended)
