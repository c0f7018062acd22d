"""Finds the recordings of a folder, and defines their names and the paths of their tables.

A recording's name is its path below the folder, joined with ``__``, so that ``downdog/1.jpg`` and
``plank/1.jpg`` have different names: ``downdog__1.jpg``. Its tables go by kind and stem, so labels
made on ``routine.mov`` fit the reduced ``routine.mp4``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

from shared_features.landmarks.track_csv import track_file_name
from training.errors import RecordingError

Kind = Literal["photo", "video"]

SUFFIXES: dict[Kind, frozenset[str]] = {
    "photo": frozenset({".jpg", ".jpeg", ".png", ".webp", ".mpo"}),
    "video": frozenset(
        {
            *{".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts"},
            *{".3gp", ".wmv", ".flv", ".ogv"},
        }
    ),
}
MIRRORED_PREFIX = "mirrored_"
_FOLDER_SEPARATOR = "__"
_MIRRORED_COPY = re.compile(rf"(^|{_FOLDER_SEPARATOR}){MIRRORED_PREFIX}")
# Labelling services append this to every augmented copy they export.
_AUGMENTED_COPY = re.compile(r"(_(jpe?g|png|webp))?\.rf\.[0-9a-zA-Z]{8,}$")


@dataclass(frozen=True, order=True)
class Recording:
    """A photo or a video.

    Attributes:
        kind: Photo or video.
        name: Name in all tables, without the kind.
        path: Path of the file.
    """

    kind: Kind
    name: str
    path: Path

    @property
    def stem(self) -> str:
        """The name without its suffix; kind and stem identify a recording."""
        return PurePath(self.name).stem

    @property
    def filename(self) -> str:
        """The name in tables, prefixed with the kind: ``video_routine.mp4``."""
        return f"{self.kind}_{self.name}"


def recording_name(path: Path, folder: Path) -> str:
    """The name of a file below a folder of recordings.

    >>> recording_name(Path("data/tree/1.jpg"), Path("data"))
    'tree__1.jpg'
    """
    return _FOLDER_SEPARATOR.join(path.relative_to(folder).parts)


def recordings_below(folder: Path, kind: Kind) -> list[Recording]:
    """All photos or videos below a folder, sorted by name; none if the folder does not exist.

    Hidden files are skipped.
    """
    return sorted(
        Recording(kind, recording_name(path, folder), path)
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES[kind]
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def sharing_tables(recordings: Iterable[Recording]) -> list[str]:
    """The paths of recordings of one kind whose tables would have the same name."""
    by_stem = defaultdict(list)
    for recording in recordings:
        by_stem[recording.stem].append(str(recording.path))
    return [", ".join(paths) for paths in by_stem.values() if len(paths) > 1]


def find_recordings(folder: Path, kind: Kind) -> list[Recording]:
    """The recordings below a folder, checked.

    Raises:
        RecordingError: The folder does not exist or has no recordings, or the tables of two
            recordings would have the same name.
    """
    if not folder.is_dir():
        raise RecordingError(
            f"The folder {folder} does not exist. Put {kind}s there, or set another folder under "
            f"`training.data` in params.yaml. `straps-train process-{kind}s` fills the interim "
            "folder from the raw one."
        )
    recordings = recordings_below(folder, kind)
    if not recordings:
        raise RecordingError(
            f"There are no {kind}s in {folder}. Expected files with one of the suffixes "
            f"{', '.join(sorted(SUFFIXES[kind]))}."
        )
    clashes = sharing_tables(recordings)
    if clashes:
        raise RecordingError(
            f"These {kind}s would share their tables: {'; '.join(clashes)}. Rename all but one."
        )
    return recordings


def source_recording(filename: str) -> str:
    """The recording that a file is a mirrored or augmented copy of; for others, the file itself.

    No split may separate a recording from its copies.

    Args:
        filename: File name as in tables, prefixed with its kind.

    >>> source_recording("video_mirrored_routine.mp4")
    'video_routine'
    >>> source_recording("video_studio__mirrored_routine.mp4")
    'video_studio__routine'
    >>> source_recording("photo_plank_17_jpg.rf.0f3a9b2c4d5e6f70.jpg")
    'photo_plank_17'
    """
    kind, _, name = PurePath(filename).stem.partition("_")
    # A copy of a copy belongs to the same recording.
    while True:
        shorter = _MIRRORED_COPY.sub(r"\1", _AUGMENTED_COPY.sub("", name))
        if shorter == name:
            return f"{kind}_{name}"
        name = shorter


def count_recordings(filenames: Iterable[str]) -> int:
    """Number of recordings among file names as in tables; copies are not counted.

    >>> count_recordings(["video_a.mp4", "video_mirrored_a.mp4", "video_b.mp4"])
    2
    """
    return len({source_recording(filename) for filename in set(filenames)})


def split_filename(filename: str) -> tuple[Kind, str]:
    """Kind and name of a recording, from its file name in tables.

    >>> split_filename("video_routine.mp4")
    ('video', 'routine.mp4')
    """
    for kind in SUFFIXES:
        if filename.startswith(f"{kind}_"):
            return kind, filename.removeprefix(f"{kind}_")
    raise RecordingError(f"{filename!r} does not name a recording; expected photo_… or video_….")


def labels_path(folder: Path, kind: Kind, name: str) -> Path:
    """Path of a recording's label table."""
    return folder / f"{kind}_{PurePath(name).stem}_labeled.csv"


def landmarks_path(folder: Path, kind: Kind, name: str) -> Path:
    """Path of a recording's landmark table."""
    return folder / track_file_name(kind, name)


def listed(names: Iterable[str], at_most: int = 10) -> str:
    """Names for a message: all of them, or the first few and the number of others."""
    names = list(names)
    rest = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {rest} more" if rest > 0 else "")
