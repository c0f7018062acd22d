"""Sharp pictures of any frame, made when they are asked for."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from shared_features.media.frames import Frame
from shared_features.media.reader import VideoReader
from shared_features.params import MediaParams
from training.labeller.frames.pictures import Picture, picture_of

_KEPT_PICTURES = 48
# Going on from where the reader stands converts each frame; opening anew only decodes them.
_GO_ON_FRAMES = 100


class _SupersededError(Exception):
    """Somebody asked for another frame meanwhile."""


class FrameLookup:
    """Reads a video up to the frame that is asked for, and goes on from there.

    Safe between threads. Whoever asks last is served; earlier ones, who wait, get nothing.
    """

    def __init__(self, media: MediaParams) -> None:
        self._media = media
        self._lock = threading.Lock()
        self._latest = object()
        self._path: Path | None = None
        self._frames: Iterator[Frame] = iter(())
        self._opened = ExitStack()
        self._next_frame = 0
        self._pictures: OrderedDict[tuple[Path, int], Picture] = OrderedDict()

    def picture(self, path: Path, frame: int) -> Picture | None:
        """A sharp picture; None when there is no such frame, or somebody asked for another one.

        Raises:
            MediaError: the video cannot be read.
        """
        self._latest = ticket = object()
        with self._lock:
            kept = self._pictures.get((path, frame))
            if kept is not None:
                return kept
            try:
                return self._read(path, frame, ticket)
            except _SupersededError:
                self._close()
                return None

    def close(self) -> None:
        """Close the video; whoever waits gets nothing."""
        self._latest = object()
        with self._lock:
            self._close()

    def _read(self, path: Path, frame: int, ticket: object) -> Picture | None:
        def check() -> None:
            if ticket is not self._latest:
                raise _SupersededError

        ahead = frame - self._next_frame
        if path != self._path or not 0 <= ahead <= _GO_ON_FRAMES:
            self._close()
            reader = self._opened.enter_context(VideoReader(path, self._media))
            self._path, self._frames = path, reader.frames(frame, check)
        for found in self._frames:
            self._next_frame = found.index + 1
            if found.index >= frame:
                return self._keep(path, picture_of(found.index, found.rgb))
            check()
        self._close()
        return None

    def _keep(self, path: Path, picture: Picture) -> Picture:
        self._pictures[path, picture.frame] = picture
        while len(self._pictures) > _KEPT_PICTURES:
            self._pictures.popitem(last=False)
        return picture

    def _close(self) -> None:
        self._opened.close()
        self._path, self._frames, self._next_frame = None, iter(()), 0
