"""Labelled photos of the collection of real recordings, each under several conditions."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from shared_features.media.frames import RgbArray
from shared_features.media.photos import read_photo
from shared_features.media.video.reader import VideoReader
from shared_features.params import PROJECT_ROOT, MediaParams, load_shared

Condition = Literal["as it is", "small", "dark"]
# A clip gives one view per half second, away from the frames in which its skill begins and ends.
_CLIP_STEP = 12
_CLIP_MARGIN = 8
_SMALL_SCALE = 0.35
_DARK_GAMMA, _DARK_GAIN = 2.2, 0.6


@dataclass(frozen=True)
class Shown:
    """A labelled photo under one condition.

    Attributes:
        name: Name of the photo, or of the clip with the number of the frame.
        label: Label of the pose.
        condition: How the photo is shown: as it is, small in the frame, or underexposed.
    """

    name: str
    label: str
    condition: Condition


@dataclass(frozen=True)
class View:
    """A photo as it is shown.

    Attributes:
        shown: What it is.
        rgb: ``(height, width, 3)`` uint8.
    """

    shown: Shown
    rgb: RgbArray


def kept_for_the_end(recording: str) -> bool:
    """Whether a recording belongs to the third that is only scored at the end.

    >>> kept_for_the_end("back_lever.jpg"), kept_for_the_end("meathook.jpg")
    (True, False)
    """
    return _hash(recording) % 3 == 0


def shown_views(data: Path, other: str, everyday: int, unseen: bool) -> Iterator[View]:
    """All views of one part of the recordings.

    Args:
        data: Folder of the collection.
        other: Label of everything that is not one of the poses.
        everyday: Number of everyday photos, of both parts together.
        unseen: The third kept for the end; otherwise the rest.
    """
    media = load_shared(PROJECT_ROOT / "params.yaml").media
    for folder in ("straps", "straps_real"):
        for row in read_rows(data / folder / "labels.csv"):
            if kept_for_the_end(row["filename"]) == unseen:
                rgb = read_photo(data / folder / row["filename"], media).rgb
                yield from _conditions(Shown(row["filename"], row["label"], "as it is"), rgb)
    for row in read_rows(data / "calisthenics" / "segments.csv"):
        if kept_for_the_end(row["filename"]) == unseen:
            yield from _clip_views(data / "calisthenics", row, other, media)
    rows = sorted(read_rows(data / "yoga" / "labels.csv"), key=lambda row: _hash(row["path"]))
    for row in rows[:everyday]:
        if kept_for_the_end(row["path"]) == unseen:
            rgb = read_photo(data / "yoga" / row["path"], media).rgb
            yield View(Shown(row["path"], other, "as it is"), rgb)


def _clip_views(
    folder: Path, row: dict[str, str], other: str, media: MediaParams
) -> Iterator[View]:
    first, last = int(row["start_frame"]), int(row["end_frame"])
    # Human flags, planches and handstands are none of the poses.
    is_pose = row["label"] == "front lever"
    with VideoReader(folder / row["filename"], media) as reader:
        for frame in reader.frames():
            if frame.index % _CLIP_STEP != _CLIP_STEP // 2:
                continue
            inside = first <= frame.index <= last
            near = first - _CLIP_MARGIN <= frame.index <= last + _CLIP_MARGIN
            if is_pose and near and not inside:
                continue
            label = row["label"] if is_pose and inside else other
            shown = Shown(f"{row['filename']}:{frame.index}", label, "as it is")
            yield from _conditions(shown, frame.rgb)


def _conditions(shown: Shown, rgb: RgbArray) -> Iterator[View]:
    for condition, change in CONDITIONS.items():
        yield View(replace(shown, condition=condition), change(rgb))


def _small(rgb: RgbArray) -> RgbArray:
    """The photo at a third of its size, within a frame as large as before."""
    height, width = rgb.shape[:2]
    size = int(width * _SMALL_SCALE), int(height * _SMALL_SCALE)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    top, left = int((height - size[1]) * 0.4), int((width - size[0]) * 0.6)
    below, right = height - top - size[1], width - left - size[0]
    framed = cv2.copyMakeBorder(small, top, below, left, right, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(framed, dtype=np.uint8)


def _dark(rgb: RgbArray) -> RgbArray:
    levels = 255 * _DARK_GAIN * (np.arange(256) / 255) ** _DARK_GAMMA
    dark: RgbArray = np.rint(levels).astype(np.uint8)[rgb]
    return dark


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table of labels."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _hash(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16)


CONDITIONS: dict[Condition, Callable[[RgbArray], RgbArray]] = {
    "as it is": lambda rgb: rgb,
    "small": _small,
    "dark": _dark,
}
"""How a picture is shown under each condition."""
