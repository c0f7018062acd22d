"""Matches the paths that other tools give to labelled files with the recordings known here."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from training.params import DataParams
from training.recordings.catalog import SUFFIXES, Kind, Recording, recording_name, recordings_below


class Key(NamedTuple):
    """Identifies a recording, regardless of its container."""

    kind: Kind
    stem: str


class KnownRecordings:
    """The recordings of the data folders, and of the folders in which they were labelled."""

    def __init__(self, media: Sequence[Path], data: DataParams) -> None:
        self._data = data
        self._by_key: dict[Key, Recording] = {}
        self._by_file: dict[Key, set[Key]] = defaultdict(set)
        for recording in self._all(media):
            key = Key(recording.kind, recording.stem)
            # Of several files of one recording, the first one counts.
            self._by_key.setdefault(key, recording)
            self._by_file[Key(recording.kind, recording.path.stem)].add(key)

    def at(self, path: Path, folder: Path) -> Recording | None:
        """The recording of an existing file, named as in the stages before extraction.

        Args:
            path: Path of the file.
            folder: Folder its name is relative to, unless the file is in one of the data folders.
        """
        kind = kind_of(path.name)
        if kind is None or not path.is_file():
            return None
        path = Path(os.path.abspath(path))
        for parent in (*self._data_folders(kind), folder):
            if path.is_relative_to(os.path.abspath(parent)):
                return Recording(kind, recording_name(path, Path(os.path.abspath(parent))), path)
        return None

    def named(self, path: PurePosixPath) -> Recording | None:
        """The recording with a relative path, or with a file name that no other recording has."""
        kind = kind_of(path.name)
        if kind is None:
            return None
        if recording := self._by_key.get(Key(kind, PurePosixPath("__".join(path.parts)).stem)):
            return recording
        return self._only_one_of(Key(kind, path.stem)) if len(path.parts) == 1 else None

    def prefixed(self, path: PurePosixPath) -> Recording | None:
        """The recording of a name as it is in this project's own tables: ``video_routine.mp4``."""
        kind, _, name = path.name.partition("_")
        if kind != kind_of(name) or len(path.parts) > 1:
            return None
        return self.named(PurePosixPath(name))

    def best_match(self, path: PurePosixPath) -> Recording | None:
        """The recording of a path on another machine, matched by its longest known ending."""
        parts = [part for part in path.parts if part not in ("/", "..")]
        for start in range(len(parts)):
            if recording := self.named(PurePosixPath(*parts[start:])):
                return recording
        return None

    def _only_one_of(self, file: Key) -> Recording | None:
        keys = self._by_file.get(file, set())
        return self._by_key[next(iter(keys))] if len(keys) == 1 else None

    def _data_folders(self, kind: Kind) -> tuple[Path, Path]:
        if kind == "photo":
            return self._data.interim_photos, self._data.raw_photos
        return self._data.interim_videos, self._data.raw_videos

    def _all(self, media: Iterable[Path]) -> Iterator[Recording]:
        for kind in SUFFIXES:
            for folder in (*self._data_folders(kind), *media):
                yield from recordings_below(folder, kind)
            yield from _of_landmark_tables(self._data.landmarks, kind)


def kind_of(name: str) -> Kind | None:
    """The kind of a file, by its suffix; None if it is neither photo nor video."""
    suffix = PurePosixPath(name).suffix.lower()
    return next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def _of_landmark_tables(folder: Path, kind: Kind) -> Iterator[Recording]:
    """Recordings with a landmark table, whether or not the media file still exists."""
    for table in sorted(folder.glob(f"{kind}_*_landmarks.csv")):
        with table.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.DictReader(file)
            source = (next(rows, None) or {}).get("filename")
        if source:  # Otherwise the table is damaged, which make-features reports.
            yield Recording(kind, source, table)
