"""An ``Analysis`` to files: JSON, CSV and WebVTT.

The same analysis gives the same bytes: nothing here looks at a clock. Frames are written one by
one, so that an hour of video does not have to fit into memory as text.
"""

import csv
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TextIO

from serving.analysis import Analysis
from shared_features.atomic import written_whole
from shared_features.timeline import Segment

ExportFormat = Literal["json", "csv", "segments", "vtt"]

FILE_NAMES: dict[ExportFormat, str] = {
    "json": "timeline.json",
    "csv": "frames.csv",
    "segments": "segments.csv",
    "vtt": "poses.vtt",
}
MEDIA_TYPES: dict[ExportFormat, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "segments": "text/csv",
    "vtt": "text/vtt",
}
SEGMENT_COLUMNS = (
    "label",
    "start_s",
    "end_s",
    "duration_s",
    "confidence",
    "hold",
    "first_frame",
    "last_frame",
)
# Microseconds: finer than any container's clock that people meet (90 kHz is 11 µs).
_TIME_DIGITS = 6
_PROBABILITY_DIGITS = 4


def write_exports(analysis: Analysis, folder: Path) -> list[Path]:
    """Write every format into a folder; each file is there whole or not at all."""
    writers: dict[ExportFormat, Callable[[Analysis, TextIO], None]] = {
        "json": write_json,
        "csv": write_frames_csv,
        "segments": write_segments_csv,
        "vtt": write_vtt,
    }
    paths = []
    for name, write in writers.items():
        path = folder / FILE_NAMES[name]
        with (
            written_whole(path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            write(analysis, file)
        paths.append(path)
    return paths


def write_json(analysis: Analysis, file: TextIO) -> None:
    """The timeline as one JSON object; one line for each frame, for people and ``diff``."""
    file.write('{\n"media": ' + _json(media_entry(analysis)))
    file.write(',\n"model": ' + _json(asdict(analysis.model)))
    file.write(',\n"frames": [')
    for index, entry in enumerate(frame_entries(analysis)):
        file.write((",\n" if index else "\n") + _json(entry))
    file.write('\n],\n"segments": ' + _json_lines(segment_entries(analysis)))
    file.write(',\n"totals": ' + _json_lines(total_entries(analysis)) + "\n}\n")


def media_entry(analysis: Analysis) -> dict[str, Any]:
    """The facts about the video."""
    return asdict(analysis.media) | {"duration_s": round(analysis.media.duration_s, _TIME_DIGITS)}


def frame_entries(analysis: Analysis) -> Iterator[dict[str, Any]]:
    """One entry for each frame, in order."""
    timeline = analysis.timeline
    for index, label in enumerate(timeline.frame_labels):
        yield {
            "index": index,
            "pts_s": round(float(timeline.pts_s[index]), _TIME_DIGITS),
            "person": bool(timeline.person[index]),
            "label": label,
            "confidence": rounded(timeline.confidence[index]),
            "probabilities": labelled(timeline.labels, timeline.probabilities[index]),
        }


def segment_entries(analysis: Analysis) -> list[dict[str, Any]]:
    """The answers as stretches of time, without gaps between them."""
    return [segment_entry(segment) for segment in analysis.timeline.segments]


def segment_entry(segment: Segment) -> dict[str, Any]:
    """One stretch of time."""
    return {
        "label": segment.label,
        "start_s": round(segment.start_s, _TIME_DIGITS),
        "end_s": round(segment.end_s, _TIME_DIGITS),
        "duration_s": round(segment.duration_s, _TIME_DIGITS),
        "confidence": None if segment.confidence is None else rounded(segment.confidence),
        "hold": segment.hold,
        "first_frame": segment.first_frame,
        "last_frame": segment.last_frame,
    }


def total_entries(analysis: Analysis) -> list[dict[str, Any]]:
    """Seconds, holds and the longest hold of each label."""
    return [
        {
            "label": total.label,
            "total_s": round(total.total_s, _TIME_DIGITS),
            "holds": total.holds,
            "longest_hold_s": round(total.longest_hold_s, _TIME_DIGITS),
        }
        for total in analysis.timeline.totals
    ]


def write_frames_csv(analysis: Analysis, file: TextIO) -> None:
    """One row for each frame: the answer, then a probability for every label."""
    writer = csv.writer(file, lineterminator="\n")
    labels = analysis.timeline.labels
    writer.writerow(["index", "pts_s", "person", "label", "confidence", *labels])
    for entry in frame_entries(analysis):
        probabilities = entry.pop("probabilities") or {}
        entry["person"] = str(entry["person"]).lower()
        writer.writerow([*entry.values(), *(probabilities.get(label) for label in labels)])


def write_segments_csv(analysis: Analysis, file: TextIO) -> None:
    """One row for each segment."""
    writer = csv.DictWriter(file, SEGMENT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in segment_entries(analysis):
        writer.writerow(entry | {"hold": str(entry["hold"]).lower()})


def write_vtt(analysis: Analysis, file: TextIO) -> None:
    """A caption for each segment: the pose, how long it lasted, how sure the answer is."""
    file.write("WEBVTT\n")
    for segment in analysis.timeline.segments:
        start_ms, end_ms = round(segment.start_s * 1000), round(segment.end_s * 1000)
        if end_ms <= start_ms:
            continue  # WebVTT forbids a cue that ends when it starts
        kind = "hold " if segment.hold else ""
        facts = f"{kind}{segment.duration_s:.1f} s"
        if segment.confidence is not None:
            facts += f" · {segment.confidence:.0%} sure"
        file.write(f"\n{_vtt_time(start_ms)} --> {_vtt_time(end_ms)}\n")
        file.write(f"{_vtt_text(segment.label)}\n{facts}\n")


def labelled(labels: tuple[str, ...], probabilities: Any) -> dict[str, float] | None:
    """Probabilities ``(labels,)`` by label; None for those of a frame without a person."""
    if math.isnan(probabilities[0]):
        return None
    return {
        label: round(float(probability), _PROBABILITY_DIGITS)
        for label, probability in zip(labels, probabilities, strict=True)
    }


def rounded(probability: float) -> float | None:
    """A probability as it is shown; None when there is none."""
    return None if math.isnan(probability) else round(float(probability), _PROBABILITY_DIGITS)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _json_lines(entries: list[dict[str, Any]]) -> str:
    return "[" + ",".join("\n" + _json(entry) for entry in entries) + "\n]"


def _vtt_time(milliseconds: int) -> str:
    seconds, ms = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
