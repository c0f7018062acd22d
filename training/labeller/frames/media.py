"""The frames of recordings for the page: one way to ask for both kinds."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Protocol

from shared_features.errors import MediaError
from shared_features.media.photos import read_photo
from shared_features.params import MediaParams
from training.labeller.frames.decoding import Decoding
from training.labeller.frames.frame_store import Decoded
from training.labeller.frames.lookup import FrameLookup
from training.labeller.frames.pictures import Picture, picture_of
from training.recordings.catalog import Recording

FRAME_PATIENCE_S = 10.0
"""How long a request waits for a frame that is about to be decoded."""
_KEPT_PHOTOS = 32


class Frames(Protocol):
    """The frames of the recordings of one kind. Safe between threads."""

    def state(self, recording: Recording) -> Decoded:
        """What is known of the recording on the page; its frames come before all others'."""

    def prepare(self, recording: Recording) -> None:
        """Get ready for a recording that comes next."""

    def wait_for(self, recording: Recording, frame: int) -> bool:
        """Wait a little until a frame is there."""

    def picture(self, recording: Recording, frame: int, fast: bool) -> Picture | None:
        """A picture of a frame.

        Args:
            recording: on the page.
            frame: its number.
            fast: rather another picture, or the one of a frame nearby, than to wait.

        Returns:
            None when there is none, or when somebody asked for another one meanwhile.

        Raises:
            MediaError: the recording cannot be read.
        """

    def close(self) -> None:
        """End what runs."""


class VideoFrames:
    """Frames of videos.

    Args:
        media: limits.
        skip_seconds: step between the frames that are shown.
    """

    def __init__(self, media: MediaParams, skip_seconds: float) -> None:
        self.decoding = Decoding(media, skip_seconds)
        self._lookup = FrameLookup(media)

    def state(self, recording: Recording) -> Decoded:
        """How far it has been decoded."""
        return self.decoding.store(recording).state

    def prepare(self, recording: Recording) -> None:
        """Decode it when there is time."""
        self.decoding.prepare(recording)

    def wait_for(self, recording: Recording, frame: int) -> bool:
        """Wait a little until a frame has been decoded."""
        return self.decoding.store(recording).wait_for(frame, FRAME_PATIENCE_S)

    def picture(self, recording: Recording, frame: int, fast: bool) -> Picture | None:
        """A picture of a frame: the one that is kept, or one made now."""
        store = self.decoding.store(recording)
        if fast:
            return store.nearest_picture(frame)
        store.wait_for(frame, FRAME_PATIENCE_S)
        kept = store.picture(frame)
        if kept is not None and kept.sharp:
            return kept
        return self._lookup.picture(recording.path, frame)

    def close(self) -> None:
        """End decoding."""
        self._lookup.close()
        self.decoding.close()


class PhotoFrames:
    """Photos: recordings of one frame.

    Args:
        media: limits.
    """

    def __init__(self, media: MediaParams) -> None:
        self._media = media
        self._lock = threading.Lock()
        self._pictures: OrderedDict[Path, Picture] = OrderedDict()

    def state(self, recording: Recording) -> Decoded:
        """One frame; whether it can be read is seen when it is shown."""
        try:
            self.picture(recording, 0, fast=False)
        except MediaError as error:
            return Decoded(frames=0, complete=False, shown=(), problem=str(error))
        return Decoded(frames=1, complete=True, shown=((0, 0.0),), expected_frames=1)

    def prepare(self, recording: Recording) -> None:
        """The page fetches the next photos itself."""

    def wait_for(self, recording: Recording, frame: int) -> bool:
        """There is one frame."""
        del recording
        return frame == 0

    def picture(self, recording: Recording, frame: int, fast: bool) -> Picture | None:
        """The photo."""
        del fast
        if frame != 0:
            return None
        with self._lock:
            kept = self._pictures.get(recording.path)
        if kept is not None:
            return kept
        picture = picture_of(0, read_photo(recording.path, self._media).rgb)
        with self._lock:
            self._pictures[recording.path] = picture
            while len(self._pictures) > _KEPT_PHOTOS:
                self._pictures.popitem(last=False)
        return picture

    def close(self) -> None:
        """Nothing runs."""
