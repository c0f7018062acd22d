"""The scores of the holds: in words, and as a JSON file."""

import json
from dataclasses import asdict
from typing import Any, TextIO

from serving.analysis import Analysis
from serving.exports.entries import TIME_DIGITS, score_entry
from shared_features.scoring.holds import HoldScore
from shared_features.scoring.repetitions import Repetition


def repetition_entry(repetition: Repetition) -> dict[str, Any]:
    """A repetition as plain values, rounded."""
    return {
        name: round(value, TIME_DIGITS if name.endswith("_s") else 1)
        if isinstance(value, float)
        else value
        for name, value in asdict(repetition).items()
    }


def score_words(score: HoldScore) -> str:
    """A score in one line.

    >>> score_words(HoldScore(None, "shoulders or hips are hidden"))
    'no score: shoulders or hips are hidden'
    """
    if score.points is None:
        return f"no score: {score.reason}"
    faults = "; ".join(fault.text for fault in score.faults)
    return f"{score.points:.0f} points" + (f": {faults}" if faults else "")


def score_report(analysis: Analysis) -> dict[str, Any]:
    """``{"holds": [...]}``: number, label, times and score of each hold."""
    return {
        "holds": [
            {
                "number": number,
                "label": hold.label,
                "start_s": round(hold.start_s, TIME_DIGITS),
                "end_s": round(hold.end_s, TIME_DIGITS),
                **score_entry(score),
            }
            for number, (hold, score) in enumerate(
                zip(analysis.timeline.holds, analysis.scores, strict=False), start=1
            )
        ]
    }


def write_scores(analysis: Analysis, file: TextIO) -> None:
    """The report as JSON."""
    json.dump(score_report(analysis), file, indent=1, ensure_ascii=False, allow_nan=False)
