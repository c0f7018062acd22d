"""The frames of one video, decoded once: their times, and JPEGs to step and drag through.

Videos can only be decoded forwards. A single pass over the whole recording therefore keeps a JPEG
of every shown frame, and small ones of the frames in between.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared_features.errors import StrapsError
from shared_features.media.frames import Frame
from shared_features.media.video.facts import Verdict, VideoInfo
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from training.labeller.frames.jpegs import SMALL_JPEG_BYTES, FrameJpeg, JpegFile, encode_frame
from training.labeller.frames.shown_frames import ShownFrames
from training.words import counted

STORE_BYTES = 400_000_000
"""Disk space that the JPEGs of one recording may take; a long recording keeps fewer of them."""
# The share of that space for frames that are not shown. The rest is reserved for shown frames.
_SMALL_JPEG_SHARE = 0.7


@dataclass(frozen=True)
class DecodingState:
    """How much of a recording has been decoded.

    Attributes:
        frames: Number of frames decoded so far.
        complete: Whether that is all of them.
        shown: Numbers and times of the shown frames; includes the last frame when complete.
        expected_frames: Total number of frames according to the header; None when it says nothing.
        problem: Reason why no more frames can be read; the frames decoded so far are usable.
        remark: A fault in the recording that does not prevent labelling.
    """

    frames: int
    complete: bool
    shown: tuple[tuple[int, float], ...]
    expected_frames: int | None = None
    problem: str | None = None
    remark: str | None = None


class FrameStore:
    """Fills while one thread iterates over ``decode``; any other thread may read at any time.

    Args:
        path: path of the video.
        media: limits for media files.
        skip_seconds: step between shown frames.
        max_bytes: size limit of its temporary file.
    """

    def __init__(
        self, path: Path, media: MediaParams, skip_seconds: float, max_bytes: int = STORE_BYTES
    ) -> None:
        self.path = path
        self._media = media
        self._max_bytes = max_bytes
        self._shown_frames = ShownFrames(skip_seconds)
        self._jpegs = JpegFile()
        self._changed = threading.Condition()
        self._times_s: list[float] = []
        self._shown: list[int] = []
        self._expected_frames: int | None = None
        self._complete = self._closed = False
        self._problem: str | None = None
        self._remark: str | None = None

    def decode(self) -> Iterator[None]:
        """Read the video, pausing after each frame."""
        try:
            with VideoReader(self.path, self._media) as reader:
                self._expected_frames = expected_frames(reader.info)
                stride = self._stride()
                last = None
                for last in reader.frames():
                    self._add(last, stride)
                    yield
                if last is not None:
                    self._finish(last, reader.verdict)
        except (StrapsError, OSError) as error:
            with self._changed:
                self._problem = str(error)
                self._changed.notify_all()

    @property
    def state(self) -> DecodingState:
        """How much has been decoded so far."""
        with self._changed:
            return DecodingState(
                frames=len(self._times_s),
                complete=self._complete,
                shown=tuple((frame, self._times_s[frame]) for frame in self._shown),
                expected_frames=self._expected_frames,
                problem=self._problem,
                remark=self._remark,
            )

    @property
    def ended(self) -> bool:
        """Whether decoding is over, successfully or not."""
        return self._complete or self._closed or self._problem is not None

    def wait_for(self, frame: int, timeout_s: float) -> bool:
        """Wait until a frame has been decoded; False after the timeout or if it cannot be."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._times_s) > frame or self.ended, timeout_s)
            return len(self._times_s) > frame

    def jpeg(self, frame: int) -> FrameJpeg | None:
        """The stored JPEG of a frame, if there is one."""
        return self._jpegs.get(frame)

    def nearest_jpeg(self, frame: int) -> FrameJpeg | None:
        """The stored JPEG whose frame is nearest."""
        return self._jpegs.nearest(frame)

    def close(self) -> None:
        """Delete the stored JPEGs and wake up all waiting threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._jpegs.close()

    def _stride(self) -> int:
        """Every how many frames one between shown frames is stored."""
        room = self._max_bytes * _SMALL_JPEG_SHARE
        return 1 + int((self._expected_frames or 0) * SMALL_JPEG_BYTES / room)

    def _add(self, frame: Frame, stride: int) -> None:
        shown = self._shown_frames.shows(frame.pts_s)
        room = self._max_bytes * (1 if shown else _SMALL_JPEG_SHARE)
        if (shown or frame.index % stride == 0) and self._jpegs.size_bytes < room:
            self._jpegs.add(encode_frame(frame.index, frame.rgb, small=not shown))
        with self._changed:
            self._times_s.append(frame.pts_s)
            if shown:
                self._shown.append(frame.index)
            self._changed.notify_all()

    def _finish(self, last: Frame, verdict: Verdict) -> None:
        self._jpegs.add(encode_frame(last.index, last.rgb))
        with self._changed:
            if self._shown[-1] != last.index:
                self._shown.append(last.index)
            self._remark = _remark(verdict)
            self._complete = True
            self._changed.notify_all()


def expected_frames(info: VideoInfo) -> int | None:
    """The number of frames in a video according to its header; for display only."""
    if info.announced_frames is not None:
        return info.announced_frames
    if info.announced_duration_s is None or info.average_fps is None:
        return None
    return max(1, round(info.announced_duration_s * info.average_fps))


def _remark(verdict: Verdict) -> str | None:
    if verdict.status == "complete":
        return None
    if verdict.status == "truncated":
        readable = counted(verdict.frames, "frame")
        return f"The file ends too early. What can be read is shown: {readable}."
    return (
        "The file is damaged in places: "
        f"{counted(verdict.decode_failures, 'unreadable piece')}, "
        f"{counted(verdict.damaged_frames, 'damaged frame')}. Everything that can be read is shown."
    )
