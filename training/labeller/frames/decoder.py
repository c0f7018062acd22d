"""One thread that decodes videos: the one on the page first, then the one that comes next."""

import threading
from collections import OrderedDict
from collections.abc import Iterator

from shared_features.params import MediaParams
from training.labeller.frames.frame_store import FrameStore
from training.recordings.catalog import Recording

STORES = 3
"""Number of videos whose frames are kept: the previous one, the one on the page, the next one."""
# Frames to decode before checking whether another video has become more urgent.
_BATCH_FRAMES = 8
_END = object()


class BackgroundDecoder:
    """Fills the frame stores of the most recently requested videos. Thread-safe.

    Args:
        media: limits for media files.
        skip_seconds: step between shown frames.
    """

    def __init__(self, media: MediaParams, skip_seconds: float) -> None:
        self._media = media
        self._skip_seconds = skip_seconds
        self._changed = threading.Condition()
        self._stores: OrderedDict[str, FrameStore] = OrderedDict()
        self._passes: dict[str, Iterator[None]] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
        self._thread.start()

    def store(self, recording: Recording) -> FrameStore:
        """The frames of the video that is on the page now; it is decoded before all others."""
        return self._requested(recording, urgent=True)

    def prepare(self, recording: Recording) -> None:
        """Decode a video when nothing more urgent is left."""
        self._requested(recording, urgent=False)

    def wait_for(self, recording: Recording, timeout_s: float) -> FrameStore | None:
        """Wait until a video is fully decoded and return its frames; None after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready(recording) or self._stopping, timeout_s)
            return self._stores.get(recording.filename) if self._is_ready(recording) else None

    def close(self) -> None:
        """Stop the thread and delete the stored frames."""
        with self._changed:
            self._stopping = True
            for store in self._stores.values():
                store.close()
            self._changed.notify_all()
        self._thread.join()

    def _is_ready(self, recording: Recording) -> bool:
        store = self._stores.get(recording.filename)
        return store is not None and store.ended

    def _requested(self, recording: Recording, urgent: bool) -> FrameStore:
        with self._changed:
            store = self._stores.get(recording.filename)
            if store is None:
                store = FrameStore(recording.path, self._media, self._skip_seconds)
                self._stores[recording.filename] = store
                self._passes[recording.filename] = store.decode()
            # The most urgent store is last; the first ones are dropped when room is needed.
            self._stores.move_to_end(recording.filename, last=True)
            if not urgent and len(self._stores) > 1:
                current = list(self._stores)[-2]
                self._stores.move_to_end(current, last=True)
            while len(self._stores) > STORES:
                _, dropped = self._stores.popitem(last=False)
                dropped.close()
            self._changed.notify_all()
            return store

    def _run(self) -> None:
        while (chosen := self._most_urgent()) is not None:
            filename, frames = chosen
            for _ in range(_BATCH_FRAMES):
                if next(frames, _END) is _END:
                    self._ended(filename, frames)
                    break

    def _most_urgent(self) -> tuple[str, Iterator[None]] | None:
        """The video to continue with; None when the thread should stop."""
        with self._changed:
            while not self._stopping:
                for filename in [name for name in self._passes if name not in self._stores]:
                    del self._passes[filename]
                for filename in reversed(self._stores):
                    if filename in self._passes:
                        return filename, self._passes[filename]
                self._changed.wait()
            self._passes.clear()
            return None

    def _ended(self, filename: str, frames: Iterator[None]) -> None:
        with self._changed:
            # By now the video may have been dropped and requested again.
            if self._passes.get(filename) is frames:
                del self._passes[filename]
            self._changed.notify_all()
