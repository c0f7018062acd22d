"""The frames of recordings for the page: one interface for videos and photos."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Protocol

from shared_features.errors import MediaError
from shared_features.media.photos import read_photo
from shared_features.params import MediaParams
from training.labeller.frames.decoder import BackgroundDecoder
from training.labeller.frames.frame_seeker import FrameSeeker
from training.labeller.frames.frame_store import DecodingState
from training.labeller.frames.jpegs import FrameJpeg, encode_frame
from training.recordings.catalog import Recording

FRAME_TIMEOUT_S = 10.0
"""How long a request waits for a frame that is about to be decoded."""
_KEPT_PHOTOS = 32


class FrameSource(Protocol):
    """The frames of the recordings of one kind. Thread-safe."""

    def state(self, recording: Recording) -> DecodingState:
        """How much of the recording on the page is decoded; its frames get priority."""

    def prepare(self, recording: Recording) -> None:
        """Get ready for the recording that comes next."""

    def wait_for(self, recording: Recording, frame: int) -> bool:
        """Wait up to ``FRAME_TIMEOUT_S`` for a frame; whether it is available."""

    def jpeg(self, recording: Recording, frame: int, fast: bool) -> FrameJpeg | None:
        """A JPEG of a frame.

        Args:
            recording: the recording on the page.
            frame: number of the frame.
            fast: accept a small JPEG, or one of a nearby frame, instead of waiting.

        Returns:
            None when there is none, or when a newer request has arrived.

        Raises:
            MediaError: the recording cannot be read.
        """

    def close(self) -> None:
        """Stop all background work."""


class VideoFrames:
    """Frames of videos.

    Args:
        media: limits for media files.
        skip_seconds: step between shown frames.
    """

    def __init__(self, media: MediaParams, skip_seconds: float) -> None:
        self.decoder = BackgroundDecoder(media, skip_seconds)
        self._seeker = FrameSeeker(media)

    def state(self, recording: Recording) -> DecodingState:
        """How much of the video is decoded."""
        return self.decoder.store(recording).state

    def prepare(self, recording: Recording) -> None:
        """Decode the video when nothing more urgent is left."""
        self.decoder.prepare(recording)

    def wait_for(self, recording: Recording, frame: int) -> bool:
        """Wait until a frame has been decoded; whether it was in time."""
        return self.decoder.store(recording).wait_for(frame, FRAME_TIMEOUT_S)

    def jpeg(self, recording: Recording, frame: int, fast: bool) -> FrameJpeg | None:
        """The stored JPEG of a frame, or one made now if only a small one is stored."""
        store = self.decoder.store(recording)
        if fast:
            return store.nearest_jpeg(frame)
        store.wait_for(frame, FRAME_TIMEOUT_S)
        kept = store.jpeg(frame)
        if kept is not None and kept.sharp:
            return kept
        return self._seeker.jpeg(recording.path, frame)

    def close(self) -> None:
        """Stop decoding."""
        self._seeker.close()
        self.decoder.close()


class PhotoFrames:
    """Photos, treated as recordings of one frame.

    Args:
        media: limits for media files.
    """

    def __init__(self, media: MediaParams) -> None:
        self._media = media
        self._lock = threading.Lock()
        self._jpegs: OrderedDict[Path, FrameJpeg] = OrderedDict()

    def state(self, recording: Recording) -> DecodingState:
        """One frame, or the reason why the photo cannot be read."""
        try:
            self.jpeg(recording, 0, fast=False)
        except MediaError as error:
            return DecodingState(frames=0, complete=False, shown=(), problem=str(error))
        return DecodingState(frames=1, complete=True, shown=((0, 0.0),), expected_frames=1)

    def prepare(self, recording: Recording) -> None:
        """Do nothing: the page itself fetches the next photos ahead."""

    def wait_for(self, recording: Recording, frame: int) -> bool:
        """Whether the frame is the only one, number 0."""
        del recording
        return frame == 0

    def jpeg(self, recording: Recording, frame: int, fast: bool) -> FrameJpeg | None:
        """The photo as a JPEG; None for any frame but 0."""
        del fast
        if frame != 0:
            return None
        with self._lock:
            kept = self._jpegs.get(recording.path)
        if kept is not None:
            return kept
        jpeg = encode_frame(0, read_photo(recording.path, self._media).rgb)
        with self._lock:
            self._jpegs[recording.path] = jpeg
            while len(self._jpegs) > _KEPT_PHOTOS:
                self._jpegs.popitem(last=False)
        return jpeg

    def close(self) -> None:
        """Do nothing: there is no background work."""
