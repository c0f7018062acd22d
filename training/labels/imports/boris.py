"""Labels from BORIS: its projects (``.boris``), aggregated events and tabular events.

The behaviours are the labels; each state event lasts from its start to its stop. Times are seconds
from the start of the media file. The subject becomes no group, since it need not be a performer.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from training.errors import LabelError
from training.labels.imports.json_file import UNEXPECTED
from training.labels.known_recordings import KnownRecordings, kind_of
from training.labels.label_claims import LabelClaim, LabelSource
from training.recordings.catalog import listed
from training.tables.column_names import columns_by_plain_name
from training.tables.delimited import DelimitedTable, Row
from training.tables.numbers import DecimalSign, decimal_sign, seconds

_HINT = "BORIS counts seconds from the start of the media file. Is it this very recording?"
_MEDIA = ("media_file_name", "media_file_path", "media_file")


class _Event(NamedTuple):
    """The start or the stop of a behaviour."""

    media: str
    subject: str
    behaviour: str
    time_s: float
    what: str
    where: str


def is_boris_project(content: Any) -> bool:
    """Whether JSON content is a BORIS project."""
    return isinstance(content, dict) and {"observations", "behaviors_conf"} <= set(content)


def is_boris_table(header: Sequence[str]) -> bool:
    """Whether a table has the columns of one of BORIS's exports."""
    names = columns_by_plain_name(header)
    return (
        "behavior" in names
        and any(name in names for name in _MEDIA)
        and ("behavior_type" in names or "status" in names)
    )


def read_boris_table(table: DelimitedTable, known: KnownRecordings) -> LabelSource:
    """The state events of a table of events.

    Raises:
        LabelError: It lacks columns, or its numbers cannot be read for certain.
    """
    names = columns_by_plain_name(table.header)
    starts, stops = names.get("start_s"), names.get("stop_s")
    time = names.get("time") or names.get("time_s")
    columns = [name for name in (starts, stops, time) if name]
    if not (starts and stops) and not time:
        raise LabelError(
            f"{table.path} looks like an export of BORIS, but has neither `Time` nor `Start (s)` "
            "and `Stop (s)`. Export the events as tabular or aggregated events."
        )
    try:
        cells = (row.cells[name] for row in table.rows for name in columns)
        sign = decimal_sign(cells, table.separator)
    except ValueError as error:
        raise LabelError(f"{table.path} cannot be read for certain: {error}.") from error
    events, problems, points = [], [], 0
    for row in table.rows:
        try:
            found = list(_row_events(row, names, sign))
        except ValueError as error:
            problems.append(f"line {row.line}: {error}")
            continue
        points += not found
        events += found
    return _source(table.path, events, problems, points, known)


def _row_events(row: Row, names: Mapping[str, str], sign: DecimalSign) -> Iterator[_Event]:
    """Start and stop of a row, one of them, or nothing for a point event."""

    def cell(name: str) -> str:
        return row.cells[names[name]] if name in names else ""

    what = (cell("behavior_type") or cell("status")).upper()
    offset = cell("time_offset_s")
    if offset and seconds(offset, sign):
        raise ValueError(f"the observation has a time offset of {offset} s; export without it")
    media = next((cell(name) for name in _MEDIA if cell(name)), "")
    if not media or not cell("behavior"):
        raise ValueError("expected a media file and a behaviour")
    event = (media, cell("subject"), cell("behavior"))
    where = f"line {row.line}"
    if "start_s" in names:
        if what == "POINT":
            return
        yield _Event(*event, seconds(cell("start_s"), sign), "START", where)
        yield _Event(*event, seconds(cell("stop_s"), sign), "STOP", where)
    elif what in ("START", "STOP"):
        time = cell("time") or cell("time_s")
        yield _Event(*event, seconds(time, sign), what, where)
    elif what != "POINT":
        raise ValueError(f"expected START, STOP or POINT, got {what or 'nothing'!r}")


def read_boris_project(
    path: Path, content: Mapping[str, Any], known: KnownRecordings
) -> LabelSource:
    """The state events of all observations of a project."""
    events: list[_Event] = []
    problems, points = [], 0
    try:
        states = {
            behaviour["code"]
            for behaviour in content["behaviors_conf"].values()
            if "state" in str(behaviour["type"]).lower()
        }
        observations = dict(content["observations"])
    except UNEXPECTED as error:
        raise LabelError(f"{path} is not a BORIS project ({error!r}).") from error
    for name, observation in observations.items():
        where = f"observation {name!r}"
        try:
            found = list(_observed(observation, where, states))
        except UNEXPECTED as error:
            problems.append(f"{where} cannot be read: {error}")
            continue
        points += sum(event.what == "POINT" for event in found)
        events += [event for event in found if event.what != "POINT"]
    return _source(path, events, problems, points, known)


def _observed(observation: Mapping[str, Any], where: str, states: set[str]) -> Iterator[_Event]:
    files = [file for player in observation["file"].values() for file in player]
    if len(files) != 1:
        raise ValueError(f"expected one media file, got {len(files)} ({listed(map(str, files))})")
    if float(observation.get("time offset", 0)):
        raise ValueError(f"it has a time offset of {observation['time offset']} s")
    running: set[tuple[str, str]] = set()
    for event in sorted(observation["events"], key=lambda event: float(event[0])):
        time_s, subject, behaviour = float(event[0]), str(event[1]), str(event[2])
        what = "POINT"
        if behaviour in states:
            # A state event is stored twice: at its start and at its stop.
            what = "STOP" if (subject, behaviour) in running else "START"
            running ^= {(subject, behaviour)}
        yield _Event(str(files[0]), subject, behaviour, time_s, what, where)


def _source(
    path: Path,
    events: Sequence[_Event],
    problems: Sequence[str],
    points: int,
    known: KnownRecordings,
) -> LabelSource:
    """Pair starts with stops."""
    together: dict[tuple[str, str, str], list[_Event]] = defaultdict(list)
    for event in events:
        together[event.media, event.subject, event.behaviour].append(event)
    claims, problems = [], list(problems)
    for (media, _, behaviour), found in together.items():
        given = PurePosixPath(media.replace("\\", "/"))
        if kind_of(given.name) is None:
            problems.append(f"{found[0].where}: {media!r} names no photo or video")
            continue
        recording = known.best_match(given)
        # At the same time, one ends before the next one starts.
        found.sort(key=lambda event: (event.time_s, event.what == "START"))
        for start, stop in _pairs(found, behaviour, problems):
            claims.append(
                LabelClaim(
                    *(recording, str(given), start.where, behaviour),
                    start_s=start.time_s,
                    end_s=stop.time_s,
                )
            )
    remark = f"{points:,} point events were left out, since they have no duration."
    return LabelSource(path, claims, problems, [remark] if points else [], _HINT)


def _pairs(
    events: Sequence[_Event], behaviour: str, problems: list[str]
) -> Iterator[tuple[_Event, _Event]]:
    open_event: _Event | None = None
    for event in events:
        if event.what == "START" and open_event is None:
            open_event = event
        elif event.what == "STOP" and open_event is not None:
            yield open_event, event
            open_event = None
        else:
            problems.append(
                f"{event.where}: {behaviour!r} has two {event.what}s in a row at {event.time_s:g} s"
            )
    if open_event is not None:
        problems.append(
            f"{open_event.where}: {behaviour!r} starts at {open_event.time_s:g} s and never stops"
        )
