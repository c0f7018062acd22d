"""Sharp JPEGs of any frame of a video, decoded on request."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from shared_features.media.frames import Frame
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from training.labeller.frames.jpegs import FrameJpeg, encode_frame

_KEPT_JPEGS = 48


class _SupersededError(Exception):
    """A newer request has arrived."""


class FrameSeeker:
    """Reads a video up to the requested frame, and continues from there next time.

    Thread-safe. Only the latest request is served; earlier ones that still wait get None.

    Args:
        media: limits for media files.
    """

    def __init__(self, media: MediaParams) -> None:
        self._media = media
        self._lock = threading.Lock()
        self._latest = object()
        self._path: Path | None = None
        self._frames: Iterator[Frame] = iter(())
        self._opened = ExitStack()
        self._next_frame = 0
        self._jpegs: OrderedDict[tuple[Path, int], FrameJpeg] = OrderedDict()

    def jpeg(self, path: Path, frame: int) -> FrameJpeg | None:
        """A sharp JPEG; None when there is no such frame, or a newer request has arrived.

        Raises:
            MediaError: the video cannot be read.
        """
        self._latest = ticket = object()
        with self._lock:
            kept = self._jpegs.get((path, frame))
            if kept is not None:
                return kept
            try:
                return self._read(path, frame, ticket)
            except _SupersededError:
                self._close()
                return None

    def close(self) -> None:
        """Close the video; requests that still wait get None."""
        self._latest = object()
        with self._lock:
            self._close()

    def _read(self, path: Path, frame: int, ticket: object) -> FrameJpeg | None:
        def check() -> None:
            if ticket is not self._latest:
                raise _SupersededError

        if path != self._path or frame < self._next_frame:
            self._close()
            reader = self._opened.enter_context(VideoReader(path, self._media))
            self._path, self._frames = path, reader.frames(frame, check)
        for found in self._frames:
            self._next_frame = found.index + 1
            if found.index >= frame:
                return self._keep(path, encode_frame(found.index, found.rgb))
            check()
        self._close()
        return None

    def _keep(self, path: Path, jpeg: FrameJpeg) -> FrameJpeg:
        self._jpegs[path, jpeg.frame] = jpeg
        while len(self._jpegs) > _KEPT_JPEGS:
            self._jpegs.popitem(last=False)
        return jpeg

    def _close(self) -> None:
        self._opened.close()
        self._path, self._frames, self._next_frame = None, iter(()), 0
