"""Probabilities over time to stable labels, segments and holds.

Everything is in seconds, so a recording gives the same answer at 24 and at 60 frames per second.
"No person" and "uncertain" are answers, not gaps.
"""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from shared_features.params import TimelineParams

UNCERTAIN = "uncertain"
NO_PERSON = "no person"

_UNCERTAIN, _NO_PERSON = -1, -2


@dataclass(frozen=True)
class Segment:
    """A stretch of time with one answer.

    Attributes:
        label: a pose, ``uncertain`` or ``no person``.
        start_s: time of its first frame.
        end_s: time of the first frame of the next segment; of the last one, the end of the video.
        first_frame: index of its first frame.
        last_frame: index of its last frame.
        confidence: mean smoothed probability of the label; None without a person.
        hold: whether it is a pose that was held long enough to count.
    """

    label: str
    start_s: float
    end_s: float
    first_frame: int
    last_frame: int
    confidence: float | None
    hold: bool

    @property
    def duration_s(self) -> float:
        """How long it lasted."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Total:
    """What a recording holds of one label: seconds in all, number of holds, the longest hold."""

    label: str
    total_s: float
    holds: int
    longest_hold_s: float


@dataclass(frozen=True)
class Timeline:
    """Which pose in every frame, and what follows from it.

    Attributes:
        labels: the model's labels, in the order of the probabilities.
        pts_s: ``(n,)`` float64 times of the frames.
        person: ``(n,)`` whether a person was found.
        frame_labels: n answers: a label, ``uncertain`` or ``no person``.
        confidence: ``(n,)`` float64 smoothed probability of the answer (of the likeliest label
            when uncertain); NaN without a person.
        probabilities: ``(n, labels)`` float32 as the model gave them, not smoothed.
        segments: the answers as stretches of time, without gaps between them.
        totals: one for each label of the model.
    """

    labels: tuple[str, ...]
    pts_s: NDArray[np.float64]
    person: NDArray[np.bool_]
    frame_labels: tuple[str, ...]
    confidence: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    segments: tuple[Segment, ...]
    totals: tuple[Total, ...]

    @property
    def holds(self) -> tuple[Segment, ...]:
        """The segments that count as holds."""
        return tuple(segment for segment in self.segments if segment.hold)


def build_timeline(
    probabilities: NDArray[np.float32],
    pts_s: NDArray[np.float64],
    duration_s: float,
    labels: tuple[str, ...],
    other: str,
    params: "TimelineParams",
) -> Timeline:
    """The timeline of one recording.

    Args:
        probabilities: ``(n, labels)``; a row of NaN is a frame without a person.
        pts_s: ``(n,)`` rising times in seconds.
        duration_s: when the last frame ends.
        labels: what the columns mean.
        other: the label that is no pose, and so never a hold.
        params: smoothing, hysteresis and limits.
    """
    person = np.logical_not(np.isnan(probabilities).any(axis=1))
    smoothed = smooth(probabilities.astype(np.float64), pts_s, params)
    answers = _bridge_gaps(_stable_answers(smoothed, person, pts_s, params), pts_s, params)
    names = (*labels, NO_PERSON, UNCERTAIN)  # so that −1 and −2 index the last two
    frame_labels = tuple(names[answer] for answer in answers)
    confidence = _confidence(smoothed, answers)
    segments = _segments(answers, frame_labels, pts_s, duration_s, confidence, other, params)
    return Timeline(
        labels=labels,
        pts_s=pts_s,
        person=person,
        frame_labels=frame_labels,
        confidence=confidence,
        probabilities=probabilities,
        segments=segments,
        totals=tuple(_total(label, segments) for label in labels),
    )


def smooth(
    probabilities: NDArray[np.float64], pts_s: NDArray[np.float64], params: "TimelineParams"
) -> NDArray[np.float64]:
    """Probabilities smoothed with an exponential kernel of ``smoothing_s`` to both sides.

    The mean of a pass forward and a pass backward has no lag, so nothing moves in time. Frames
    without a person stay NaN; after a gap of more than ``max_gap_s`` smoothing starts anew.
    """
    known = np.flatnonzero(~np.isnan(probabilities).any(axis=1))
    smoothed = np.full_like(probabilities, np.nan)
    if len(known) == 0:
        return smoothed
    values, times = probabilities[known], pts_s[known]
    forward = _exponential(values, times, params)
    backward = _exponential(values[::-1], -times[::-1], params)[::-1]
    smoothed[known] = (forward + backward) / 2
    return smoothed


def _exponential(
    values: NDArray[np.float64], times: NDArray[np.float64], params: "TimelineParams"
) -> NDArray[np.float64]:
    steps = np.diff(times)
    with np.errstate(divide="ignore"):
        keep = np.exp(-steps / params.smoothing_s) if params.smoothing_s else np.zeros(len(steps))
    keep[steps > params.max_gap_s] = 0.0
    result = values.copy()
    for i in range(1, len(values)):
        result[i] += keep[i - 1] * (result[i - 1] - values[i])
    return result


def _stable_answers(
    smoothed: NDArray[np.float64],
    person: NDArray[np.bool_],
    pts_s: NDArray[np.float64],
    params: "TimelineParams",
) -> NDArray[np.intp]:
    """Answers with hysteresis: hard to enter a label, easier to stay in it."""
    answers = np.full(len(smoothed), _NO_PERSON, dtype=np.intp)
    likeliest = np.nan_to_num(smoothed, nan=-1.0).argmax(axis=1)
    current, run_start, last_seen_s = _UNCERTAIN, 0, -np.inf
    for i in np.flatnonzero(person).tolist():
        if pts_s[i] - last_seen_s > params.max_gap_s:
            current, run_start = _UNCERTAIN, i
        last_seen_s = pts_s[i]
        label = int(likeliest[i])
        if smoothed[i, label] >= params.enter_confidence:
            if current != label:
                # A pose began when it became the likeliest, not when the evidence was complete.
                began = i
                while (
                    began > run_start
                    and likeliest[began - 1] == label
                    and smoothed[began - 1, label] >= params.exit_confidence
                ):
                    began -= 1
                answers[began:i] = label
                current = label
        elif current >= 0 and smoothed[i, current] < params.exit_confidence:
            current = _UNCERTAIN
        answers[i] = current
    return answers


def _bridge_gaps(
    answers: NDArray[np.intp], pts_s: NDArray[np.float64], params: "TimelineParams"
) -> NDArray[np.intp]:
    """A moment in which the person was not found, inside one pose, belongs to the pose."""
    bridged = answers.copy()
    seen = np.flatnonzero(answers != _NO_PERSON)
    for before, after in itertools.pairwise(seen):
        if (
            after - before > 1
            and answers[before] == answers[after]
            and pts_s[after] - pts_s[before] <= params.max_gap_s
        ):
            bridged[before + 1 : after] = answers[before]
    return bridged


def _confidence(smoothed: NDArray[np.float64], answers: NDArray[np.intp]) -> NDArray[np.float64]:
    confidence = np.full(len(answers), np.nan)
    known = ~np.isnan(smoothed).any(axis=1)
    of_answer = np.take_along_axis(smoothed, np.maximum(answers, 0)[:, None], axis=1)[:, 0]
    confidence[known] = np.where(answers >= 0, of_answer, smoothed.max(axis=1))[known]
    return confidence


def _segments(
    answers: NDArray[np.intp],
    frame_labels: tuple[str, ...],
    pts_s: NDArray[np.float64],
    duration_s: float,
    confidence: NDArray[np.float64],
    other: str,
    params: "TimelineParams",
) -> tuple[Segment, ...]:
    if len(answers) == 0:
        return ()
    starts = [0, *(np.flatnonzero(np.diff(answers)) + 1).tolist()]
    ends = [*starts[1:], len(answers)]
    segments = []
    for start, end in zip(starts, ends, strict=True):
        start_s = float(pts_s[start])
        end_s = float(pts_s[end]) if end < len(pts_s) else max(duration_s, float(pts_s[-1]))
        label = frame_labels[start]
        known = confidence[start:end][~np.isnan(confidence[start:end])]
        is_pose = answers[start] >= 0 and label != other
        segments.append(
            Segment(
                label=label,
                start_s=start_s,
                end_s=end_s,
                first_frame=start,
                last_frame=end - 1,
                confidence=float(known.mean()) if len(known) else None,
                hold=bool(is_pose and end_s - start_s >= params.min_hold_s),
            )
        )
    return tuple(segments)


def _total(label: str, segments: tuple[Segment, ...]) -> Total:
    durations = [segment.duration_s for segment in segments if segment.label == label]
    holds = [s.duration_s for s in segments if s.label == label and s.hold]
    return Total(label, float(sum(durations)), len(holds), max(holds, default=0.0))
