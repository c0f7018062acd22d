"""The timeline as captions: WebVTT for browsers, SRT for other players and editors.

Each segment is a caption with its pose, duration and confidence; a hold also with its score.
Captions are played along with the video, so in slow motion their times are the video's; durations
in the text are the performer's.
"""

from collections.abc import Iterator
from typing import TextIO

from serving.analysis import Analysis
from serving.exports.scores import score_words
from shared_features.classify.timeline import Segment
from shared_features.scoring.holds import HoldScore


def write_vtt(analysis: Analysis, file: TextIO) -> None:
    """WebVTT: a subtitle track of an HTML player."""
    file.write("WEBVTT\n")
    for start_ms, end_ms, segment, score in _cues(analysis):
        file.write(f"\n{_time(start_ms, '.')} --> {_time(end_ms, '.')}\n")
        file.write(f"{_escaped(_one_line(segment.label))}\n{_facts(segment, score)}\n")


def write_srt(analysis: Analysis, file: TextIO) -> None:
    """SubRip: numbered captions for players and video editors."""
    for number, (start_ms, end_ms, segment, score) in enumerate(_cues(analysis), start=1):
        separator = "\n" if number > 1 else ""
        file.write(f"{separator}{number}\n{_time(start_ms, ',')} --> {_time(end_ms, ',')}\n")
        # SubRip has no escapes; players would take "<" for the start of a tag.
        label = _one_line(segment.label).replace("<", "‹").replace(">", "›")
        file.write(f"{label}\n{_facts(segment, score)}\n")


def _cues(analysis: Analysis) -> Iterator[tuple[int, int, Segment, HoldScore | None]]:
    """Start and end in milliseconds of the video, the segment and its score."""
    ms_per_s = 1000 * analysis.media.slow_motion
    for segment, score in analysis.scored_segments:
        start_ms, end_ms = round(segment.start_s * ms_per_s), round(segment.end_s * ms_per_s)
        if end_ms > start_ms:  # neither format allows an empty cue
            yield start_ms, end_ms, segment, score


def _facts(segment: Segment, score: HoldScore | None) -> str:
    facts = f"{'hold ' if segment.hold else ''}{segment.duration_s:.1f} s"
    if segment.confidence is not None:
        facts += f" · {segment.confidence:.0%} sure"
    return facts if score is None else f"{facts}\n{score_words(score)}"


def _time(milliseconds: int, point: str) -> str:
    seconds, ms = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{ms:03}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
