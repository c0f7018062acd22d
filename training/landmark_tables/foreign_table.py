"""Reads a table of landmarks: numbers by frame, landmark and channel, with NaN where unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import (
    IMAGE_CHANNELS,
    LANDMARK_INDEX,
    LANDMARK_NAMES,
    WORLD_CHANNELS,
    FloatArray,
    empty_landmarks,
)
from training.errors import TrainingError
from training.landmark_tables.landmark_columns import (
    NEEDED,
    LandmarkColumns,
    find_landmark_columns,
    first_number,
    landmark_name,
    recognised,
)
from training.recordings.catalog import listed
from training.tables.column_names import columns_by_plain_name, plain_name
from training.tables.delimited import DelimitedTable, Row, read_delimited
from training.tables.numbers import seconds, whole_number

_FRAME = ("frame_number", "frame", "frame_index", "frame_idx", "frame_id", "frame_no", "frame_num")
_TIME = ("pts_s", "time_s", "time", "timestamp_s", "timestamp", "time_ms", "timestamp_ms", "pts_ms")
_MILLISECONDS = ("time_ms", "timestamp_ms", "pts_ms")
_RECORDING = ("filename", "file", "file_name", "video", "video_name", "image", "image_name", "path")
_WIDTH = ("width", "image_width", "frame_width", "video_width")
_HEIGHT = ("height", "image_height", "frame_height", "video_height")
_EMPTY = {"", "nan", "na", "n/a", "null", "none", "-"}
_PROBLEMS_SHOWN = 10
# Landmarks may lie a little outside the frame, but never this far.
_LARGEST_FRACTION = 3


@dataclass(frozen=True)
class ForeignTrack:
    """The landmarks of one recording, as a table gives them.

    Attributes:
        recording: Name of the recording in the table; empty if it has none.
        frames: ``(n,)`` number of each frame, rising.
        times_s: ``(n,)`` time of each frame in seconds; None if the table has none.
        size: Width and height of the frames in pixels; None if the table has none.
        image: ``(n, 33, 5)`` x and y as the table gives them, z, visibility, presence.
        world: ``(n, 33, 3)`` metres.
        in_pixels: Whether x and y are pixels instead of fractions of the frame.
    """

    recording: str
    frames: NDArray[np.int64]
    times_s: NDArray[np.float64] | None
    size: tuple[int, int] | None
    image: FloatArray
    world: FloatArray
    in_pixels: bool


def read_foreign_tracks(path: Path) -> tuple[list[ForeignTrack], list[str]]:
    """The landmarks of each recording in a table, and remarks about how it was read.

    Raises:
        TrainingError: The table is damaged, or it is not certain what its columns hold; the message
            lists the lines.
    """
    table = read_delimited(path, recognised)
    columns = find_landmark_columns(path, table.header)
    facts = _Facts.of(table)
    problems: list[str] = []
    rows: dict[str, dict[int, list[Row]]] = {}
    for position, row in enumerate(table.rows):
        try:
            frame = whole_number(row.cells[facts.frame]) if facts.frame else position
        except ValueError as error:
            problems.append(f"line {row.line}: {error}")
            continue
        recording = row.cells[facts.recording] if facts.recording else ""
        rows.setdefault(recording, {}).setdefault(frame, []).append(row)
    if columns.long is not None and facts.frame is None:
        raise TrainingError(
            f"{path} has a row per landmark, but which column is the frame? Expected `frame`."
        )
    comma = any("," in cell for row in table.rows[:100] for cell in row.cells.values())
    sign = "," if comma and table.separator != "," else "."
    reader = _Reader(path, table, columns, facts, sign, problems)
    tracks = [reader.track(name, frames) for name, frames in rows.items()]
    if problems:
        shown = "; ".join(problems[:_PROBLEMS_SHOWN])
        raise TrainingError(f"{path} cannot be read as landmarks: {shown}.")
    unused = [name for name in table.header if name not in facts.used | set(columns.wide)]
    if columns.long is not None:
        unused = [name for name in unused if plain_name(name) not in (*_channels(table), "")]
        unused.remove(columns.long)
    remarks = list(table.remarks)
    if unused:
        remarks.append(f"Columns that were not used: {listed(unused)}.")
    return tracks, remarks


@dataclass(frozen=True)
class _Facts:
    """Names of the columns that are not coordinates; None: there is none."""

    frame: str | None
    time: str | None
    recording: str | None
    width: str | None
    height: str | None

    @classmethod
    def of(cls, table: DelimitedTable) -> "_Facts":
        by_plain = columns_by_plain_name(table.header)

        def first(names: Sequence[str]) -> str | None:
            return next((by_plain[name] for name in names if name in by_plain), None)

        return cls(*map(first, (_FRAME, _TIME, _RECORDING, _WIDTH, _HEIGHT)))

    @property
    def used(self) -> set[str]:
        return {name for name in vars(self).values() if name is not None}


def _channels(table: DelimitedTable) -> dict[str, str]:
    """The columns of channels of a table with a row per landmark, by their plain names."""
    names = {"x", "y", "z", "visibility", "presence", "score", "confidence", "v"}
    names |= {f"world_{axis}" for axis in WORLD_CHANNELS} | {f"{axis}_world" for axis in "xyz"}
    by_plain = columns_by_plain_name(table.header)
    return {plain: name for plain, name in by_plain.items() if plain in names}


class _Reader:
    """Reads the rows of one recording after the other; problems are collected."""

    def __init__(
        self,
        path: Path,
        table: DelimitedTable,
        columns: LandmarkColumns,
        facts: _Facts,
        sign: str,
        problems: list[str],
    ) -> None:
        self._path, self._columns, self._facts = path, columns, facts
        self._sign, self._problems = sign, problems
        self._long_channels = _channels(table)
        self._first = 0
        if columns.long is not None:
            self._landmarks = self._named_landmarks(table, columns.long)

    def track(self, recording: str, by_frame: Mapping[int, Sequence[Row]]) -> ForeignTrack:
        """The landmarks of one recording, from the rows of each frame."""
        frames = sorted(by_frame)
        image, world = empty_landmarks(len(frames))
        for position, frame in enumerate(frames):
            rows = by_frame[frame]
            if self._columns.long is None:
                if len(rows) > 1:
                    self._problems.append(f"line {rows[1].line}: frame {frame} occurs twice")
                self._wide(rows[0], image[position], world[position])
            else:
                self._long(rows, frame, image[position], world[position])
        first_rows = [by_frame[frame][0] for frame in frames]
        # Where a detector found nothing, some programs write zeros.
        nothing = (image[:, :, 0] == 0) & (image[:, :, 1] == 0)
        image[nothing] = np.nan
        world[nothing] = np.nan
        known = np.isfinite(image[:, :, :2])
        in_pixels = bool(np.abs(image[:, :, :2][known]).max(initial=0) > _LARGEST_FRACTION)
        return ForeignTrack(
            recording,
            np.array(frames, dtype=np.int64),
            self._times(first_rows),
            self._size(first_rows),
            image,
            world,
            in_pixels,
        )

    def _wide(self, row: Row, image: FloatArray, world: FloatArray) -> None:
        for name, found in self._columns.wide.items():
            self._put(row, name, found.landmark, found.channel, found.world, image, world)

    def _long(self, rows: Sequence[Row], frame: int, image: FloatArray, world: FloatArray) -> None:
        seen = set()
        for row in rows:
            landmark = self._landmarks.get(row.cells[self._columns.long or ""])
            if landmark is None:
                continue
            if landmark in seen:
                self._problems.append(f"line {row.line}: {landmark} of frame {frame} occurs twice")
            seen.add(landmark)
            for plain, name in self._long_channels.items():
                channel = plain.replace("world", "").strip("_")
                channel = channel if channel in IMAGE_CHANNELS else "visibility"
                self._put(row, name, landmark, channel, "world" in plain, image, world)

    def _put(
        self,
        row: Row,
        name: str,
        landmark: str,
        channel: str,
        is_world: bool,
        image: FloatArray,
        world: FloatArray,
    ) -> None:
        text = row.cells[name]
        if text.lower() in _EMPTY:
            return
        try:
            value = float(text.replace(",", ".") if self._sign == "," else text)
            if not isfinite(value):
                raise ValueError
        except ValueError:
            self._problems.append(f"line {row.line}: {name} is {text!r}, expected a number")
            return
        channels = WORLD_CHANNELS if is_world else IMAGE_CHANNELS
        if channel in channels:
            values = world if is_world else image
            values[LANDMARK_INDEX[landmark], channels.index(channel)] = value

    def _named_landmarks(self, table: DelimitedTable, column: str) -> dict[str, str]:
        """The landmark of each text in the column of names; others are left out."""
        texts = {row.cells[column] for row in table.rows}
        found = {text: name for text in texts if (name := landmark_name(text)) is not None}
        numbers = {int(name) for name in found.values() if name.isdecimal()}
        if numbers:
            first = first_number(self._path, numbers)
            return {
                text: LANDMARK_NAMES[int(name) - first]
                for text, name in found.items()
                if name.isdecimal()
            }
        missing = [name for name in NEEDED if name not in found.values()]
        if missing:
            raise TrainingError(
                f"{self._path} lacks {listed(missing)}; its column {column!r} has {listed(texts)}."
            )
        return found

    def _times(self, rows: Sequence[Row]) -> NDArray[np.float64] | None:
        name = self._facts.time
        if name is None:
            return None
        per_second = 1000 if plain_name(name) in _MILLISECONDS else 1
        times = []
        for row in rows:
            try:
                times.append(
                    seconds(row.cells[name], "," if self._sign == "," else ".") / per_second
                )
            except ValueError as error:
                self._problems.append(f"line {row.line}: {name}: {error}")
        return np.array(times)

    def _size(self, rows: Sequence[Row]) -> tuple[int, int] | None:
        width, height = self._facts.width, self._facts.height
        if width is None or height is None:
            return None
        sizes = {(row.cells[width], row.cells[height]) for row in rows}
        try:
            found = {(whole_number(one), whole_number(other)) for one, other in sizes}
        except ValueError as error:
            self._problems.append(f"{width} and {height}: {error}")
            return None
        if len(found) > 1:
            self._problems.append(f"{width} and {height} change within a recording")
        return min(found)
