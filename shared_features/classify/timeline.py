"""From probabilities over time to stable labels, segments and holds.

All time constants are in seconds, so a recording has the same timeline at 24 and at 60 frames per
second. "No person", "not all in view" and "uncertain" are labels like any other, not gaps.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.hold_evidence import decided_by_hold

if TYPE_CHECKING:
    from shared_features.params import TimelineParams

UNCERTAIN = "uncertain"
NO_PERSON = "no person"
NOT_IN_VIEW = "not all in view"
"""A person is there, but not all of the body that a pose needs (``landmarks.in_view``)."""

NO_POSE = (NOT_IN_VIEW, NO_PERSON, UNCERTAIN)
"""The labels that are not the model's."""

_UNCERTAIN, _NO_PERSON, _NOT_IN_VIEW = -1, -2, -3  # they index NO_POSE from its end


@dataclass(frozen=True)
class Segment:
    """A period of time with one label.

    Attributes:
        label: A label of the model, or one of ``NO_POSE``.
        start_s: Time of the segment's first frame.
        end_s: Time of the next segment's first frame; for the last segment, the end of the video.
        first_frame: Index of the segment's first frame.
        last_frame: Index of the segment's last frame.
        confidence: Mean smoothed probability of the label; None without probabilities.
        hold: Whether this is a pose held long enough to count.
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
        """Duration of the segment in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Total:
    """The total time of one label in a recording, its number of holds and its longest hold."""

    label: str
    total_s: float
    holds: int
    longest_hold_s: float


@dataclass(frozen=True)
class Timeline:
    """The label of every frame, and the segments and totals that follow from the labels.

    Attributes:
        labels: Labels of the model, in the order of the probabilities.
        pts_s: ``(n,)`` float64 times of the frames in seconds.
        person: ``(n,)`` whether a person was found.
        frame_labels: Label of each frame: one of the model's, or one of ``NO_POSE``.
        confidence: ``(n,)`` float64 smoothed probability of the frame's label, or of the likeliest
            label if the frame is uncertain; NaN without probabilities.
        probabilities: ``(n, labels)`` float32 as returned by the model, not smoothed; NaN without a
            person, or if not all of the body is in view.
        segments: Periods of one label each, without gaps between them.
        totals: Totals of each label of the model.
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
    breaks: Sequence[int] = (),
    person: NDArray[np.bool_] | None = None,
    periods: NDArray[np.intp] | None = None,
) -> Timeline:
    """The timeline of one recording.

    Args:
        probabilities: ``(n, labels)``; NaN without a person, or if not all of the body is in view.
        pts_s: ``(n,)`` increasing times in seconds.
        duration_s: End of the last frame, in seconds.
        labels: Labels of the columns.
        other: The label that is not a pose and therefore never a hold.
        params: Smoothing, hysteresis and limits.
        breaks: Indices of frames that do not continue what was before, as where recordings are
            joined. No segment spans one.
        person: ``(n,)`` whether a person was found. None: in every frame with probabilities.
        periods: ``(n,)`` from ``still_periods``: in each, all frames together decide which pose it
            is. None: each frame for itself.
    """
    known = np.logical_not(np.isnan(probabilities).any(axis=1))
    person = known if person is None else person
    apart_s = _moved_apart(pts_s, breaks, params)
    decided = probabilities
    if periods is not None:
        decided = decided_by_hold(probabilities, periods, labels, other)
    smoothed = smooth(decided.astype(np.float64), apart_s, params)
    codes = _stable_codes(smoothed, known, apart_s, params)
    codes[person & ~known] = _NOT_IN_VIEW
    codes = _bridge_gaps(codes, known, apart_s, params)
    names = (*labels, *NO_POSE)
    frame_labels = tuple(names[code] for code in codes)
    confidence = _confidence(smoothed, codes)
    segments = _segments(
        codes, frame_labels, pts_s, duration_s, confidence, other, params, frozenset(breaks)
    )
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


def _moved_apart(
    pts_s: NDArray[np.float64], breaks: Sequence[int], params: "TimelineParams"
) -> NDArray[np.float64]:
    """Times with a gap at each break that is too long to smooth or bridge."""
    if not breaks:
        return pts_s
    gaps_s = np.zeros(len(pts_s))
    gaps_s[list(breaks)] = params.max_gap_s + 1
    return np.asarray(pts_s + np.cumsum(gaps_s))


def smooth(
    probabilities: NDArray[np.float64], pts_s: NDArray[np.float64], params: "TimelineParams"
) -> NDArray[np.float64]:
    """Smooth probabilities with a two-sided exponential kernel of time constant ``smoothing_s``.

    The mean of a forward and a backward pass has no lag, so nothing shifts in time. Frames without
    probabilities stay NaN, and smoothing restarts after a gap longer than ``max_gap_s``.
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


def _stable_codes(
    smoothed: NDArray[np.float64],
    known: NDArray[np.bool_],
    pts_s: NDArray[np.float64],
    params: "TimelineParams",
) -> NDArray[np.intp]:
    """Label codes with hysteresis: a label is harder to enter than to keep."""
    codes = np.full(len(smoothed), _NO_PERSON, dtype=np.intp)
    likeliest = np.nan_to_num(smoothed, nan=-1.0).argmax(axis=1)
    current, run_start, last_seen_s = _UNCERTAIN, 0, -np.inf
    for i in np.flatnonzero(known).tolist():
        if pts_s[i] - last_seen_s > params.max_gap_s:
            current, run_start = _UNCERTAIN, i
        last_seen_s = pts_s[i]
        label = int(likeliest[i])
        if smoothed[i, label] >= params.enter_confidence:
            if current != label:
                # The pose began when it became the likeliest label, not when it became certain.
                began = i
                while (
                    began > run_start
                    and likeliest[began - 1] == label
                    and smoothed[began - 1, label] >= params.exit_confidence
                ):
                    began -= 1
                codes[began:i] = label
                current = label
        elif current >= 0 and smoothed[i, current] < params.exit_confidence:
            current = _UNCERTAIN
        codes[i] = current
    return codes


def _bridge_gaps(
    codes: NDArray[np.intp],
    known: NDArray[np.bool_],
    pts_s: NDArray[np.float64],
    params: "TimelineParams",
) -> NDArray[np.intp]:
    """Label short gaps without probabilities as the pose on both sides of them."""
    bridged = codes.copy()
    for before, after in itertools.pairwise(np.flatnonzero(known)):
        if (
            after - before > 1
            and codes[before] == codes[after]
            and pts_s[after] - pts_s[before] <= params.max_gap_s
        ):
            bridged[before + 1 : after] = codes[before]
    return bridged


def _confidence(smoothed: NDArray[np.float64], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    confidence = np.full(len(codes), np.nan)
    known = ~np.isnan(smoothed).any(axis=1)
    of_label = np.take_along_axis(smoothed, np.maximum(codes, 0)[:, None], axis=1)[:, 0]
    confidence[known] = np.where(codes >= 0, of_label, smoothed.max(axis=1))[known]
    return confidence


def _segments(
    codes: NDArray[np.intp],
    frame_labels: tuple[str, ...],
    pts_s: NDArray[np.float64],
    duration_s: float,
    confidence: NDArray[np.float64],
    other: str,
    params: "TimelineParams",
    breaks: frozenset[int],
) -> tuple[Segment, ...]:
    if len(codes) == 0:
        return ()
    starts = sorted({0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), *breaks})
    ends = [*starts[1:], len(codes)]
    segments = []
    for start, end in zip(starts, ends, strict=True):
        start_s = float(pts_s[start])
        end_s = float(pts_s[end]) if end < len(pts_s) else max(duration_s, float(pts_s[-1]))
        label = frame_labels[start]
        known = confidence[start:end][~np.isnan(confidence[start:end])]
        is_pose = codes[start] >= 0 and label != other
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
