"""The timeline as JSON, with all facts about the video and the model."""

import json
from dataclasses import asdict
from typing import Any, TextIO

from serving.analysis import Analysis
from serving.exports.entries import frame_entries, media_entry, segment_entries, total_entries


def write_json(analysis: Analysis, file: TextIO) -> None:
    """The timeline as one JSON object, with one line per frame for people and ``diff``.

    Frames are written one by one, so the text of an hour of video is never in memory as a whole.
    """
    file.write('{\n"media": ' + _json(media_entry(analysis)))
    file.write(',\n"model": ' + _json(asdict(analysis.model)))
    file.write(',\n"frames": [')
    for index, entry in enumerate(frame_entries(analysis)):
        file.write((",\n" if index else "\n") + _json(entry))
    file.write('\n],\n"segments": ' + _json_lines(segment_entries(analysis)))
    file.write(',\n"totals": ' + _json_lines(total_entries(analysis)) + "\n}\n")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _json_lines(entries: list[dict[str, Any]]) -> str:
    return "[" + ",".join("\n" + _json(entry) for entry in entries) + "\n]"
