"""The timeline as CSV tables: one of frames, one of segments."""

import csv
from typing import TextIO

from serving.analysis import Analysis
from serving.exports.entries import frame_entries, segment_entries

SEGMENT_COLUMNS = (
    "label",
    "start_s",
    "end_s",
    "duration_s",
    "confidence",
    "hold",
    "first_frame",
    "last_frame",
    "points",
    "remarks",
)


def write_frames_csv(analysis: Analysis, file: TextIO) -> None:
    """One row per frame: the prediction, then the probability of every label."""
    writer = csv.writer(file, lineterminator="\n")
    labels = analysis.timeline.labels
    writer.writerow(["index", "pts_s", "person", "label", "confidence", *labels])
    for entry in frame_entries(analysis):
        probabilities = entry.pop("probabilities") or {}
        entry["person"] = str(entry["person"]).lower()
        writer.writerow([*entry.values(), *(probabilities.get(label) for label in labels)])


def write_segments_csv(analysis: Analysis, file: TextIO) -> None:
    """One row per segment; a hold has its points, and what cost points or why there are none."""
    writer = csv.DictWriter(file, SEGMENT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in segment_entries(analysis):
        score = entry.pop("score", {"points": None, "reason": None, "faults": []})
        remarks = score["reason"] or "; ".join(fault["text"] for fault in score["faults"])
        writer.writerow(
            entry
            | {"hold": str(entry["hold"]).lower(), "points": score["points"], "remarks": remarks}
        )
