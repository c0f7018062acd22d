"""What the columns of a label table mean, by their names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from training.errors import LabelError
from training.tables.column_names import columns_by_plain_name, plain_name

# The first name of each role is the project's own; it wins over the others.
NAMES: Mapping[str, Sequence[str]] = {
    "path": (
        *("path", "filename", "file", "file_name", "filepath", "file_path", "recording", "clip"),
        *("video", "video_name", "video_file", "video_path", "video_filename", "videofile"),
        *("image", "image_name", "image_file", "image_path", "image_filename", "photo"),
        *("media", "media_file", "media_name", "media_path", "media_file_name", "source"),
    ),
    "label": (
        *("label", "labels", "label_name", "class", "class_name", "classname", "pose", "pose_name"),
        *("category", "category_name", "tag", "behavior", "behaviour", "activity", "action"),
    ),
    "group": ("group", "groups", "group_id", "group_name"),
    "first_frame": (
        *("first_frame", "start_frame", "frame_start", "begin_frame", "from_frame", "frame_from"),
        *("frame_begin", "onset_frame", "startframe", "first_frame_number", "start_frame_number"),
    ),
    "last_frame": (
        *("last_frame", "end_frame", "frame_end", "to_frame", "frame_to", "stop_frame"),
        *("frame_stop", "endframe", "last_frame_number", "end_frame_number"),
    ),
    "frame": (
        *("frame_number", "frame", "frame_no", "frame_num", "frame_index", "frame_idx"),
        *("frame_id", "framenumber"),
    ),
    "start": (
        *("start_s", "start_sec", "start_secs", "start_seconds", "start_time", "start_time_s"),
        *("begin_s", "begin_time", "begin_sec", "onset", "onset_s", "onset_time", "time_start"),
        *("from_s", "starttime", "begintime", "start_ms", "start_time_ms", "begin_ms", "onset_ms"),
    ),
    "end": (
        *("end_s", "end_sec", "end_secs", "end_seconds", "end_time", "end_time_s", "stop_s"),
        *("stop_time", "stop_sec", "offset_s", "offset_time", "time_end", "to_s", "endtime"),
        *("stoptime", "end_ms", "end_time_ms", "stop_ms"),
    ),
    "duration": ("duration_s", "duration", "duration_sec", "duration_seconds", "duration_ms"),
}
# Seconds or frames, as their values tell.
_BARE = {
    "start": ("start", "begin", "from"),
    "end": ("end", "stop", "to", "until", "finish"),
}
_LOOKS_LIKE_TIME = re.compile(
    r"(^|_)(frames?|start|begin|end|stop|from|to|until|finish|onset|offset|times?|timecode|"
    r"timestamps?|sec|secs|seconds|ms|msec|pts|tc|duration|length|first|last)(_|$|\d)|frame|time"
)
# Facts about the recording or about the work of labelling.
_HARMLESS = re.compile(
    r"fps|frame_?rate|frames?_(per_second|count|width|height)|(n|num|total|number_of)_frames|"
    r"(created|updated|modified)_?(at|time|on)?|lead_time|media_duration(_s)?|date_?time"
)
_OPTIONS = {
    "path": "--path-column",
    "label": "--label-column",
    "group": "--group-column",
    "first_frame": "--first-frame-column",
    "last_frame": "--last-frame-column",
    "frame": "--frame-column",
    "start": "--start-column",
    "end": "--end-column",
    "duration": "--duration-column",
}


@dataclass(frozen=True)
class LabelColumns:
    """The name of the column of each role; None: there is none, or it is to be recognised.

    Attributes:
        path: Recording, relative to the file's own folder or to a media folder.
        label: Label.
        group: Group.
        first_frame: First frame of a range.
        last_frame: Last frame of a range, inclusive unless the request says otherwise.
        frame: Number of a single frame.
        start: Time of the start in seconds, or in milliseconds if its name ends with ``ms``.
        end: Time of the end.
        duration: Time from start to end, where there is no end.
    """

    path: str | None = None
    label: str | None = None
    group: str | None = None
    first_frame: str | None = None
    last_frame: str | None = None
    frame: str | None = None
    start: str | None = None
    end: str | None = None
    duration: str | None = None

    def named(self) -> dict[str, str]:
        """Roles that have a column, with its name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {role: name for role, name in found.items() if name is not None}


def recognised(name: str) -> bool:
    """Whether a column has a usual name for a path, a label, a frame or a time."""
    plain = plain_name(name)
    return any(plain in names for names in (*NAMES.values(), *_BARE.values()))


def find_columns(
    path: Path,
    header: Sequence[str],
    values: Mapping[str, Iterable[str]],
    given: LabelColumns,
    ignored: Sequence[str],
) -> tuple[LabelColumns, list[str]]:
    """The column of each role, and the columns that are not used.

    Args:
        path: Path of the table, for messages.
        header: Names of its columns.
        values: Texts of each column.
        given: Columns that a person named.
        ignored: Columns that a person does not need.

    Raises:
        LabelError: A column is missing, several could have the same role, or a column that looks
            like frames or times has none. The message lists all of these.
    """
    by_plain = columns_by_plain_name(header)
    problems = _missing(header, given, ignored)
    free = [name for name in header if name and name not in given.named().values()]
    free = [name for name in free if name not in ignored]
    found, spare = dict(given.named()), []
    for role, names in NAMES.items():
        if role in found:
            continue
        candidates = [by_plain[name] for name in names if by_plain.get(name) in free]
        if candidates and plain_name(candidates[0]) != names[0] and len(candidates) > 1:
            problems.append(
                f"{' and '.join(map(repr, candidates))} could each be the {_words(role)}: choose "
                f"with {_OPTIONS[role]}"
            )
        elif candidates:
            found[role] = candidates[0]
            spare += candidates[1:]
    problems += _bare_times(found, by_plain, free, values)
    problems += _incomplete(found, header)
    used = {*found.values(), *spare}
    unused = [name for name in free if name not in used]
    # Next to frame numbers, the time of the same frame says nothing new.
    if asked := [] if _frames_known(found) else [name for name in unused if _is_time(name)]:
        problems.append(
            f"{', '.join(map(repr, asked))} may hold frames or times: say which with "
            "--first-frame-column, --last-frame-column, --frame-column, --start-column (seconds) "
            "or --end-column, or leave it out with --ignore-column"
        )
    if problems:
        raise LabelError(
            f"{path} has the columns {', '.join(name for name in header if name)}:\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )
    return LabelColumns(**found), [*spare, *unused]


def _missing(header: Sequence[str], given: LabelColumns, ignored: Sequence[str]) -> list[str]:
    asked_for = [*given.named().values(), *ignored]
    return [f"there is no column {name!r}" for name in asked_for if name not in header]


def _bare_times(
    found: dict[str, str],
    by_plain: Mapping[str, str],
    free: Sequence[str],
    values: Mapping[str, Iterable[str]],
) -> list[str]:
    """Take `start` and `end` as seconds if a value has a fraction; else ask."""
    bare = {
        role: [by_plain[name] for name in names if by_plain.get(name) in free]
        for role, names in _BARE.items()
        if role not in found
    }
    columns = [name for names in bare.values() for name in names]
    if not columns or any(role in found for role in ("first_frame", "last_frame", "frame")):
        return []
    texts = [text for name in columns for text in values[name] if text]
    if all(text.isdecimal() for text in texts):
        return [
            f"{' and '.join(map(repr, columns))} may be frames or seconds: say which with "
            "--first-frame-column and --last-frame-column, or --start-column and --end-column"
        ]
    found.update({role: names[0] for role, names in bare.items() if names})
    return []


def _incomplete(found: dict[str, str], header: Sequence[str]) -> list[str]:
    problems = [
        f"which one is the {_words(role)}? Say so with {_OPTIONS[role]}"
        for role in ("path", "label")
        if role not in found
    ]
    if _frames_known(found):
        for role in ("start", "end", "duration"):
            found.pop(role, None)
    if "frame" in found and ("first_frame" in found or "last_frame" in found):
        found.pop("frame")
    if "end" in found:
        found.pop("duration", None)
    for there, lacking in (("last_frame", "first_frame"), ("end", "start"), ("duration", "start")):
        if there in found and lacking not in found:
            problems.append(
                f"{found[there]!r} is the {_words(there)}, but where is the {_words(lacking)}? Say "
                f"so with {_OPTIONS[lacking]}"
            )
    for there, lacking in (("first_frame", "last_frame"), ("start", "end")):
        if there in found and lacking not in found and "duration" not in found:
            problems.append(
                f"{found[there]!r} is the {_words(there)}, but where is the {_words(lacking)}? Say "
                f"so with {_OPTIONS[lacking]}"
            )
    return problems


def _frames_known(found: Mapping[str, str]) -> bool:
    return any(role in found for role in ("first_frame", "last_frame", "frame"))


def _is_time(name: str) -> bool:
    plain = plain_name(name)
    return bool(_LOOKS_LIKE_TIME.search(plain)) and not _HARMLESS.fullmatch(plain)


def _words(role: str) -> str:
    return {
        "path": "path of the recording",
        "first_frame": "first frame",
        "last_frame": "last frame",
        "frame": "frame number",
        "start": "time of the start",
        "end": "time of the end",
    }.get(role, role)
