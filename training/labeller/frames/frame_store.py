"""The frames of one video, decoded once: their times, and pictures to step and drag through.

Videos are decoded forwards only. So one pass over the whole recording keeps a picture of every
shown frame, and small ones of the frames between.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared_features.errors import StrapsError
from shared_features.media.facts import Verdict, VideoInfo
from shared_features.media.frames import Frame
from shared_features.media.reader import VideoReader
from shared_features.params import MediaParams
from training.labeller.editing.rule import ShownFrames
from training.labeller.frames.pictures import SMALL_PICTURE_BYTES, Picture, PictureFile, picture_of

STORE_BYTES = 400_000_000
"""How much of the disk the pictures of one recording may take; a long one keeps fewer."""
_SHARE_OF_SMALL_PICTURES = 0.7


@dataclass(frozen=True)
class Decoded:
    """How far a video has been decoded.

    Attributes:
        frames: number of frames so far.
        complete: whether that is all of them.
        shown: number and time of the frames that are shown; with the last one once it is known.
        expected_frames: how many there will be, as its header has it; None when it says nothing.
        problem: why nothing more can be read; the frames so far stand.
        remark: what is wrong with the recording, though it can be labelled.
    """

    frames: int
    complete: bool
    shown: tuple[tuple[int, float], ...]
    expected_frames: int | None = None
    problem: str | None = None
    remark: str | None = None


class FrameStore:
    """Fills while ``decode`` is iterated in one thread; other threads may ask at any time.

    Args:
        path: of the video.
        media: limits.
        skip_seconds: step between the frames that are shown.
        max_bytes: how large its temporary file may grow.
    """

    def __init__(
        self, path: Path, media: MediaParams, skip_seconds: float, max_bytes: int = STORE_BYTES
    ) -> None:
        self.path = path
        self._media = media
        self._max_bytes = max_bytes
        self._rule = ShownFrames(skip_seconds)
        self._pictures = PictureFile()
        self._changed = threading.Condition()
        self._times_s: list[float] = []
        self._shown: list[int] = []
        self._expected_frames: int | None = None
        self._complete = self._closed = False
        self._problem: str | None = None
        self._remark: str | None = None

    def decode(self) -> Iterator[None]:
        """Read the video; pauses after each frame."""
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
    def state(self) -> Decoded:
        """How far decoding has come."""
        with self._changed:
            return Decoded(
                frames=len(self._times_s),
                complete=self._complete,
                shown=tuple((frame, self._times_s[frame]) for frame in self._shown),
                expected_frames=self._expected_frames,
                problem=self._problem,
                remark=self._remark,
            )

    @property
    def ended(self) -> bool:
        """Whether nothing more will be decoded, for better or worse."""
        return self._complete or self._closed or self._problem is not None

    def wait_for(self, frame: int, timeout_s: float) -> bool:
        """Wait until a frame has been decoded; False when it has not been, or never will be."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._times_s) > frame or self.ended, timeout_s)
            return len(self._times_s) > frame

    def picture(self, frame: int) -> Picture | None:
        """The picture that is kept of a frame."""
        return self._pictures.get(frame)

    def nearest_picture(self, frame: int) -> Picture | None:
        """The kept picture whose frame is nearest."""
        return self._pictures.nearest(frame)

    def close(self) -> None:
        """Give the disk back; whoever waits is told."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._pictures.close()

    def _stride(self) -> int:
        """Every how manieth frame between shown ones has a picture."""
        room = self._max_bytes * _SHARE_OF_SMALL_PICTURES
        return 1 + int((self._expected_frames or 0) * SMALL_PICTURE_BYTES / room)

    def _add(self, frame: Frame, stride: int) -> None:
        shown = self._rule.shows(frame.pts_s)
        room = self._max_bytes * (1 if shown else _SHARE_OF_SMALL_PICTURES)
        if (shown or frame.index % stride == 0) and self._pictures.size_bytes < room:
            self._pictures.add(picture_of(frame.index, frame.rgb, small=not shown))
        with self._changed:
            self._times_s.append(frame.pts_s)
            if shown:
                self._shown.append(frame.index)
            self._changed.notify_all()

    def _finish(self, last: Frame, verdict: Verdict) -> None:
        self._pictures.add(picture_of(last.index, last.rgb))
        with self._changed:
            if self._shown[-1] != last.index:
                self._shown.append(last.index)
            self._remark = _remark(verdict)
            self._complete = True
            self._changed.notify_all()


def expected_frames(info: VideoInfo) -> int | None:
    """How many frames a video will have, as its header has it; for display only."""
    if info.announced_frames is not None:
        return info.announced_frames
    if info.announced_duration_s is None or info.average_fps is None:
        return None
    return max(1, round(info.announced_duration_s * info.average_fps))


def _remark(verdict: Verdict) -> str | None:
    if verdict.status == "complete":
        return None
    if verdict.status == "truncated":
        return f"The file ends too early. What could be read, {verdict.frames} frames, is shown."
    return (
        f"The file is damaged in places ({verdict.decode_failures} pieces could not be read, "
        f"{verdict.damaged_frames} frames are damaged). What could be read is shown."
    )
