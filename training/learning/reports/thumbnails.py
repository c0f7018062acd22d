"""Thumbnails of single frames, for pages that a person looks through."""

import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from shared_features.errors import MediaError
from shared_features.media.frames import RgbArray
from shared_features.media.photos import read_photo
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from training.errors import RecordingError
from training.params import DataParams
from training.recordings.catalog import Kind, Recording, find_recordings

_JPEG_QUALITY = 82


@dataclass(frozen=True, order=True)
class FrameId:
    """Identifies one frame of one recording.

    Attributes:
        filename: Name of the recording as tables have it: ``video_routine.mp4``.
        frame_number: Number of the frame; 0 for a photo.
    """

    filename: str
    frame_number: int


def thumbnails(
    wanted: Iterable[FrameId], data: DataParams, media: MediaParams, max_side: int
) -> dict[FrameId, bytes]:
    """JPEG thumbnails of frames; frames whose recording is missing or unreadable are left out.

    Args:
        wanted: Which frames. Each video is read only once, however many of its frames are wanted.
        data: Folders of the recordings.
        media: Limits for reading media.
        max_side: Longest side of a thumbnail, in pixels.
    """
    frames_of: defaultdict[str, set[int]] = defaultdict(set)
    for frame in wanted:
        frames_of[frame.filename].add(frame.frame_number)
    found: dict[FrameId, bytes] = {}
    for filename, recording in _recordings(data).items():
        for number, rgb in _frames(recording, frames_of.get(filename, set()), media):
            found[FrameId(filename, number)] = _jpeg(rgb, max_side)
    return found


def _recordings(data: DataParams) -> dict[str, Recording]:
    found: dict[str, Recording] = {}
    folders: tuple[tuple[Kind, Path], ...] = (
        ("photo", data.interim_photos),
        ("video", data.interim_videos),
    )
    for kind, folder in folders:
        try:
            found |= {recording.filename: recording for recording in find_recordings(folder, kind)}
        except RecordingError:
            continue  # there may be only photos, or only videos
    return found


def _frames(
    recording: Recording, numbers: set[int], media: MediaParams
) -> Iterable[tuple[int, RgbArray]]:
    if not numbers:
        return
    try:
        if recording.kind == "photo":
            yield 0, read_photo(recording.path, media).rgb
            return
        with VideoReader(recording.path, media) as reader:
            for frame in reader.frames(min(numbers)):
                if frame.index in numbers:
                    yield frame.index, frame.rgb
                if frame.index >= max(numbers):
                    return
    except MediaError:
        return  # a page without this thumbnail is better than no page


def _jpeg(rgb: RgbArray, max_side: int) -> bytes:
    image = Image.fromarray(rgb)
    image.thumbnail((max_side, max_side))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue()
