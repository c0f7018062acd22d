"""Plain values for the formats: rounded, and None instead of NaN."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from serving.analysis import Analysis
from shared_features.classify.timeline import Segment
from shared_features.scoring.holds import HoldScore

# Microseconds: finer than common container clocks (90 kHz is 11 µs).
TIME_DIGITS = 6
_PROBABILITY_DIGITS = 4
# Facts that are left out while they are as usual.
_USUAL = {"time_jumps": 0, "slow_motion": 1.0, "notes": ()}


def media_entry(analysis: Analysis) -> dict[str, Any]:
    """Facts about the video; those that are rarely worth saying are left out when they are not."""
    entry = asdict(analysis.media) | {"duration_s": round(analysis.media.duration_s, TIME_DIGITS)}
    return {name: value for name, value in entry.items() if (name, value) not in _USUAL.items()}


def frame_entries(analysis: Analysis) -> Iterator[dict[str, Any]]:
    """One entry for each frame, in order."""
    timeline = analysis.timeline
    for index, label in enumerate(timeline.frame_labels):
        yield {
            "index": index,
            "pts_s": round(float(timeline.pts_s[index]), TIME_DIGITS),
            "person": bool(timeline.person[index]),
            "label": label,
            "confidence": rounded(timeline.confidence[index]),
            "probabilities": labelled(timeline.labels, timeline.probabilities[index]),
        }


def segment_entries(analysis: Analysis) -> list[dict[str, Any]]:
    """The segments of the timeline, without gaps between them; holds with their scores."""
    return [
        segment_entry(segment) | ({} if score is None else {"score": score_entry(score)})
        for segment, score in analysis.scored_segments
    ]


def segment_entry(segment: Segment) -> dict[str, Any]:
    """One segment."""
    return {
        "label": segment.label,
        "start_s": round(segment.start_s, TIME_DIGITS),
        "end_s": round(segment.end_s, TIME_DIGITS),
        "duration_s": round(segment.duration_s, TIME_DIGITS),
        "confidence": None if segment.confidence is None else rounded(segment.confidence),
        "hold": segment.hold,
        "first_frame": segment.first_frame,
        "last_frame": segment.last_frame,
    }


def score_entry(score: HoldScore) -> dict[str, Any]:
    """The score of a hold."""
    measures = score.measures
    return {
        "points": _tenths(score.points),
        "reason": score.reason,
        "faults": [
            asdict(fault) | {"amount": _tenths(fault.amount), "points": _tenths(fault.points)}
            for fault in score.faults
        ],
        "symmetry_deg": _tenths(None if measures is None else measures.symmetry_deg),
        "steadiness_cm": _tenths(None if measures is None else measures.shake_cm),
        "assumed": score.assumed,
    }


def total_entries(analysis: Analysis) -> list[dict[str, Any]]:
    """Seconds, holds and the longest hold of each label."""
    return [
        {
            "label": total.label,
            "total_s": round(total.total_s, TIME_DIGITS),
            "holds": total.holds,
            "longest_hold_s": round(total.longest_hold_s, TIME_DIGITS),
        }
        for total in analysis.timeline.totals
    ]


def labelled(labels: tuple[str, ...], probabilities: Any) -> dict[str, float] | None:
    """Probabilities ``(labels,)`` by label; None for a frame without a person."""
    if math.isnan(probabilities[0]):
        return None
    return {
        label: round(float(probability), _PROBABILITY_DIGITS)
        for label, probability in zip(labels, probabilities, strict=True)
    }


def _tenths(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, 1)


def rounded(probability: float) -> float | None:
    """A probability, rounded; None for NaN."""
    return None if math.isnan(probability) else round(float(probability), _PROBABILITY_DIGITS)
