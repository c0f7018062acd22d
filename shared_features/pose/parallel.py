"""The chunks of one video, several at a time.

MediaPipe and the decoder free Python's lock, so threads are enough, if not perfect: measured, two
of them keep 1.7 cores busy. Each reads the video itself, from the key frame before its chunk, so
memory does not depend on how long the video is.

A chunk is begun before the one before it is finished, as if nobody else were in view. When it turns
out that its tracker should have been put on the person followed so far, it is tracked again: the
landmarks are those of ``chunks``, whatever the number of threads.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from shared_features.media.frames import Frame, RgbArray
from shared_features.media.seek import SeekingReader
from shared_features.params import MediaParams, PoseParams
from shared_features.pose.chunks import Chunk, TrackedChunk, is_distracted, track_chunk
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.pose.sampling import PassedOver, frames_due

_PROGRESS_EVERY_S = 0.1


class SideBySide:
    """Tracks chunks in threads; use as a context manager, and iterate once.

    Args:
        path: of the video.
        media: limits.
        model_path: of the pose model.
        pose: how landmarks are found.
        ticks: of all frames, from ``seek.frame_ticks``.
        last: the last chunk that is there already, if any.
        first: number of the first one that is not.
        workers: number of threads.
        progress: called with the number of frames done; whatever it raises ends the iteration.

    Raises:
        SeekError: while iterating: the video has to be read from its beginning after all.
    """

    def __init__(
        self,
        path: Path,
        media: MediaParams,
        model_path: Path,
        pose: PoseParams,
        ticks: Sequence[int],
        last: Chunk | None,
        first: int,
        workers: int,
        progress: Callable[[int], None] | None,
    ) -> None:
        self._path, self._media, self._model_path = path, media, model_path
        self._pose, self._ticks = pose, ticks
        self._last = last
        self._progress = progress
        self._n_chunks = -(-len(ticks) // pose.chunk_frames)
        self._first = first
        self._frames_done = first * pose.chunk_frames
        self._numbers = iter(range(self._first, self._n_chunks))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._results: queue.Queue[TrackedChunk | BaseException] = queue.Queue()
        workers = min(workers, self._n_chunks - self._first)
        # Trackers are what takes memory: one that is needed again waits for another to end.
        self._trackers = threading.BoundedSemaphore(workers)
        self._everyone = PoseEstimator(model_path, "photo", pose.max_people, pose)
        self._looking = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"chunks-{number}", daemon=True)
            for number in range(workers)
        ]

    def __enter__(self) -> "SideBySide":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._everyone.close()

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks, in order."""
        found: dict[int, TrackedChunk] = {}
        for number in range(self._first, self._n_chunks):
            while number not in found:
                result = self._next_result()
                found[result.number] = result
            chunk = self._checked(found.pop(number))
            self._last = chunk
            yield chunk

    def _next_result(self) -> TrackedChunk:
        while True:
            try:
                result = self._results.get(timeout=_PROGRESS_EVERY_S)
            except queue.Empty:
                result = None
            if self._progress is not None:
                self._progress(self._frames_done)
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                return result

    def _checked(self, tracked: TrackedChunk) -> Chunk:
        """The chunk, tracked again if it was begun on the wrong person."""
        before, warm_up = self._last, self._pose.warmup_frames
        if before is None or not warm_up or self._pose.person_policy != "followed":
            return tracked.chunk
        followed = before.person(len(before.pts_s) - warm_up)
        if not is_distracted(followed, tracked.in_view):
            return tracked.chunk
        with SeekingReader(self._path, self._media, self._ticks) as reader:
            # Everyone in the first frame is known by now.
            return self._track(reader, lambda _: tracked.in_view, tracked.number, before).chunk

    def _work(self) -> None:
        try:
            with SeekingReader(self._path, self._media, self._ticks) as reader:
                while (number := self._next_number()) is not None:
                    self._results.put(self._track(reader, self._in_view, number, None))
        except _Stopped:
            return
        except BaseException as error:  # handed to whoever iterates, who raises it
            self._results.put(error)

    def _in_view(self, rgb: RgbArray) -> list[Person]:
        """Everyone in a picture; asked for once in a chunk, so one estimator serves all."""
        with self._looking:
            return self._everyone.people(rgb)

    def _next_number(self) -> int | None:
        with self._lock:
            return None if self._stop.is_set() else next(self._numbers, None)

    def _track(
        self,
        reader: SeekingReader,
        everyone: Callable[[RgbArray], list[Person]],
        number: int,
        before: Chunk | None,
    ) -> TrackedChunk:
        size = self._pose.chunk_frames
        start = max(0, number * size - (self._pose.warmup_frames if number else 0))
        stop = min(len(self._ticks), (number + 1) * size)
        frames = self._counted(reader, start, number * size, stop, repeated=before is not None)
        with self._trackers:
            return track_chunk(frames, number, self._model_path, self._pose, everyone, before)

    def _counted(
        self, reader: SeekingReader, start: int, first: int, stop: int, repeated: bool
    ) -> Iterator[Frame | PassedOver]:
        for frame in frames_due(reader.frames(start, stop), self._pose):
            yield frame
            if self._stop.is_set():
                raise _Stopped
            if frame.index >= first and not repeated:
                with self._lock:
                    self._frames_done += 1


class _Stopped(Exception):
    """Nobody wants the chunks any more."""
