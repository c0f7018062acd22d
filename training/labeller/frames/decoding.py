"""One thread that decodes recordings: the one on the page first, then the one that comes next."""

import threading
from collections import OrderedDict
from collections.abc import Iterator

from shared_features.params import MediaParams
from training.labeller.frames.frame_store import FrameStore
from training.recordings.catalog import Recording

STORES = 3
"""Recordings whose pictures are kept: the one before, the one on the page, and the next."""
# Frames decoded before looking whether another recording has become more urgent.
_FRAMES_AT_ONCE = 8
_END = object()


class Decoding:
    """Frame stores of the recordings that were asked for last. Safe between threads.

    Args:
        media: limits.
        skip_seconds: step between the frames that are shown.
    """

    def __init__(self, media: MediaParams, skip_seconds: float) -> None:
        self._media = media
        self._skip_seconds = skip_seconds
        self._changed = threading.Condition()
        self._stores: OrderedDict[str, FrameStore] = OrderedDict()
        self._passes: dict[str, Iterator[None]] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="decoding", daemon=True)
        self._thread.start()

    def store(self, recording: Recording) -> FrameStore:
        """The frames of the recording that is on the page now; decoded before all others."""
        return self._wanted(recording, urgent=True)

    def prepare(self, recording: Recording) -> None:
        """Decode a recording when there is time."""
        self._wanted(recording, urgent=False)

    def wait_for(self, recording: Recording, timeout_s: float) -> FrameStore | None:
        """The frames of a recording once all are decoded; None when it takes longer."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready(recording) or self._stopping, timeout_s)
            return self._stores.get(recording.filename) if self._is_ready(recording) else None

    def close(self) -> None:
        """End the thread and give the disk back."""
        with self._changed:
            self._stopping = True
            for store in self._stores.values():
                store.close()
            self._changed.notify_all()
        self._thread.join()

    def _is_ready(self, recording: Recording) -> bool:
        store = self._stores.get(recording.filename)
        return store is not None and store.ended

    def _wanted(self, recording: Recording, urgent: bool) -> FrameStore:
        with self._changed:
            store = self._stores.get(recording.filename)
            if store is None:
                store = FrameStore(recording.path, self._media, self._skip_seconds)
                self._stores[recording.filename] = store
                self._passes[recording.filename] = store.decode()
            # The most urgent one is last; those in front go when room is needed.
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
            for _ in range(_FRAMES_AT_ONCE):
                if next(frames, _END) is _END:
                    self._ended(filename, frames)
                    break

    def _most_urgent(self) -> tuple[str, Iterator[None]] | None:
        """The recording to go on with; None when the thread shall end."""
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
            # Meanwhile it may have been dropped and asked for again.
            if self._passes.get(filename) is frames:
                del self._passes[filename]
            self._changed.notify_all()
