"""``recordings.yaml``: recordings of routines or runs, with the times of their key moments.

The keys of the first such files are read as well: ``videos`` for ``recordings``, ``trackId`` for
``routine``, ``riderId`` for ``performer``, ``url`` for ``path``.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from shared_features.errors import AnnotationError

DEFAULT_FPS = Fraction(24)
"""Frames per second of times given as ``MM:SS:FF`` in a file that does not state a rate."""

_TIMECODE = re.compile(r"(\d+):(\d{2}):(\d{2})")
_KEYS = {
    "recordings": ("recordings", "videos"),
    "routine": ("routine", "trackId"),
    "performer": ("performer", "riderId"),
    "location": ("path", "url"),
}
_KNOWN = {"routine", "trackId", "performer", "riderId", "path", "url", "splits", "fps"}


@dataclass(frozen=True)
class AnnotatedRecording:
    """One recording and its key moments.

    Attributes:
        routine: Name of the routine or the track; all recordings of it have the same moments.
        performer: Who performs it.
        location: Path or URL of the recording.
        splits_s: Times of the moments in seconds, rising.
    """

    routine: str
    performer: str
    location: str
    splits_s: tuple[float, ...]

    @property
    def name(self) -> str:
        """A name that no other recording of the file has."""
        return f"{self.routine}/{self.performer}"

    def past_the_end(self, duration_s: float) -> list[float]:
        """The moments that lie after the end of the recording."""
        return [time_s for time_s in self.splits_s if time_s > duration_s]


def seconds(value: str, fps: Fraction = DEFAULT_FPS) -> float:
    """A time in seconds from ``MM:SS:FF`` or a number of seconds.

    >>> seconds("00:39:12"), seconds("12.5")
    (39.5, 12.5)

    Raises:
        ValueError: It is neither; the message says what is wrong.
    """
    found = _TIMECODE.fullmatch(value.strip())
    if found is None:
        try:
            time_s = float(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither MM:SS:FF nor a number of seconds") from None
        if not 0 <= time_s < float("inf"):
            raise ValueError(f"{value!r} is not a time from the start of the recording")
        return time_s
    minutes, whole, frames = map(int, found.groups())
    if whole >= 60:
        raise ValueError(f"{value!r} has {whole} seconds; a minute has 60")
    # Some editors count the frames of a second from 1, so its last one begins the next second.
    if frames > fps:
        raise ValueError(f"{value!r} has frame {frames}; a second has {float(fps):g}")
    return minutes * 60 + whole + float(frames / fps)


def read_recordings(path: Path) -> list[AnnotatedRecording]:
    """The recordings of a file.

    Raises:
        AnnotationError: The file cannot be read or is not valid; the message lists all problems.
    """
    try:
        # All values as text: YAML itself would read 01:35 as a number to the base of 60.
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AnnotationError(f"Cannot read {path} as YAML: {error}") from error
    entries = _given(content, "recordings") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise AnnotationError(
            f"{path} has no list of recordings. Expected `recordings:` with an entry for each: "
            "`routine`, `performer`, `path` or `url`, and `splits`."
        )
    problems: list[str] = []
    default = _fps(content.get("fps"), DEFAULT_FPS, "the file", problems)
    recordings = []
    for number, entry in enumerate(entries, start=1):
        recording = _recording(entry, number, default, problems)
        if recording is not None:
            recordings.append(recording)
    problems += _disagreements(recordings)
    if problems:
        listing = "\n".join(f"  {problem}" for problem in problems)
        raise AnnotationError(f"{path} is not valid:\n{listing}")
    return recordings


def _given(entry: dict[str, Any], key: str) -> Any:
    return next((entry[name] for name in _KEYS[key] if name in entry), None)


def _recording(
    entry: Any, number: int, default: Fraction, problems: list[str]
) -> AnnotatedRecording | None:
    where = f"recording {number}"
    if not isinstance(entry, dict):
        problems.append(f"{where} is {entry!r}, expected keys and values")
        return None
    given = {key: _given(entry, key) for key in ("routine", "performer", "location")}
    if isinstance(given["performer"], str) and given["performer"]:
        where += f" ({given['performer']})"
    for key, value in given.items():
        if not isinstance(value, str) or not value:
            problems.append(f"{where} has no {' or '.join(f'`{name}`' for name in _KEYS[key])}")
    unknown = sorted(set(entry) - _KNOWN)
    if unknown:
        problems.append(f"{where} has unknown keys {unknown}; known: {sorted(_KNOWN)}")
    fps = _fps(entry.get("fps"), default, where, problems)
    splits = entry.get("splits")
    if not isinstance(splits, list) or not splits:
        problems.append(f"{where} has no `splits`: expected a list of times")
        return None
    times_s = checked_times([str(value) for value in splits], fps, f"{where}: ", problems)
    return AnnotatedRecording(
        str(given["routine"]), str(given["performer"]), str(given["location"]), times_s
    )


def checked_times(
    values: Sequence[str], fps: Fraction, where: str, problems: list[str]
) -> tuple[float, ...]:
    """Times in seconds, which have to rise; what is wrong is added to ``problems``."""
    times_s = []
    for value in values:
        try:
            times_s.append(seconds(value, fps))
        except ValueError as error:
            problems.append(f"{where}{error}")
    problems += [
        f"{where}split {later:.2f} s does not come after {earlier:.2f} s"
        for earlier, later in pairwise(times_s)
        if later <= earlier
    ]
    return tuple(times_s)


def _fps(value: Any, default: Fraction, where: str, problems: list[str]) -> Fraction:
    if value is None:
        return default
    try:
        fps = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        fps = Fraction(0)
    if fps <= 0:
        problems.append(f"{where}: `fps` is {value!r}, expected a number above 0, such as 24")
        return default
    return fps


def _disagreements(recordings: list[AnnotatedRecording]) -> list[str]:
    problems = []
    for name, times in Counter(recording.name for recording in recordings).items():
        if times > 1:
            problems.append(f"{name} is there {times} times; a performer has one of each routine")
    for routine in dict.fromkeys(recording.routine for recording in recordings):
        counts = {r.performer: len(r.splits_s) for r in recordings if r.routine == routine}
        if len(set(counts.values())) > 1:
            problems.append(
                f"the recordings of {routine} have different numbers of splits: {counts}"
            )
    return problems
