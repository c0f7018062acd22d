"""Which recording a label means: paths of other tools, matched with the recordings here."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from training.params import DataParams
from training.recordings.catalog import SUFFIXES, Kind, Recording, recording_name, recordings_below


class Key(NamedTuple):
    """What tells recordings apart, whatever container they are in."""

    kind: Kind
    stem: str


class KnownRecordings:
    """The recordings of the data folders, and of folders that labels were made on."""

    def __init__(self, media: Sequence[Path], data: DataParams) -> None:
        self._data = data
        self._by_key: dict[Key, Recording] = {}
        self._by_file: dict[Key, set[Key]] = defaultdict(set)
        for recording in self._all(media):
            key = Key(recording.kind, recording.stem)
            # The first one is meant, wherever the others are.
            self._by_key.setdefault(key, recording)
            self._by_file[Key(recording.kind, recording.path.stem)].add(key)

    def at(self, path: Path, folder: Path) -> Recording | None:
        """A photo or video that is there, named as the stages before extraction name it.

        Args:
            path: of the file.
            folder: what its name is relative to, unless it lies in one of the data folders.
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
        """The recording of a relative path; a bare file name will do where only one has it."""
        kind = kind_of(path.name)
        if kind is None:
            return None
        if recording := self._by_key.get(Key(kind, PurePosixPath("__".join(path.parts)).stem)):
            return recording
        return self._only_one_of(Key(kind, path.stem)) if len(path.parts) == 1 else None

    def meant(self, path: PurePosixPath) -> Recording | None:
        """The recording of a path on another machine: the longest end of it that is known here."""
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
    """Photo or video, by suffix; None for anything else."""
    suffix = PurePosixPath(name).suffix.lower()
    return next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def _of_landmark_tables(folder: Path, kind: Kind) -> Iterator[Recording]:
    """Recordings that are known by their landmarks, whatever has become of the media."""
    for table in sorted(folder.glob(f"{kind}_*_landmarks.csv")):
        with table.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.DictReader(file)
            source = (next(rows, None) or {}).get("filename")
        if source:  # otherwise it is damaged, which make-features reports
            yield Recording(kind, source, table)
