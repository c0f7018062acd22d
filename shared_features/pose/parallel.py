"""Tracks the chunks of one video in several threads.

MediaPipe and the decoder release Python's global lock, so threads are enough, if not perfect:
measured, two of them keep 1.7 cores busy. Each thread reads the video itself, starting at the key
frame before its chunk, so memory does not depend on the length of the video.

A chunk is started before the previous one is finished, as if no one were being followed. If it then
turns out that its tracker should have been put on the person followed so far, the chunk is tracked
again. The landmarks are those of tracking the chunks in order, whatever the number of threads.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from shared_features.media.frames import Frame, RgbArray
from shared_features.media.video.seek import SeekingReader
from shared_features.params import MediaParams, PoseParams
from shared_features.pose.chunk_tracker import is_distracted
from shared_features.pose.chunks import Chunk
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.pose.sampling import SkippedFrame, sample_frames
from shared_features.pose.tracking import TrackedChunk, track_chunks

_PROGRESS_INTERVAL_S = 0.1


class ParallelTracking:
    """Tracks chunks in threads; use as a context manager, and iterate only once.

    Args:
        path: Path of the video.
        media: Limits of the video.
        model_path: Path of the pose model.
        pose: Pose settings.
        ticks: Times of all frames, from ``seek.frame_ticks``.
        previous: The last chunk that is already finished, if any.
        first: Number of the first chunk to track.
        workers: Number of threads.
        report_frames: Called with the number of frames finished so far. An exception that it raises
            ends the iteration.

    Raises:
        SeekError: While iterating: the video has to be read from its beginning after all.
    """

    def __init__(
        self,
        path: Path,
        media: MediaParams,
        model_path: Path,
        pose: PoseParams,
        ticks: Sequence[int],
        previous: Chunk | None,
        first: int,
        workers: int,
        report_frames: Callable[[int], None] | None,
    ) -> None:
        self._path, self._media, self._model_path = path, media, model_path
        self._pose, self._ticks = pose, ticks
        self._previous = previous
        self._report_frames = report_frames
        self._first = first
        self._n_chunks = -(-len(ticks) // pose.chunk_frames)
        self._frames_done = first * pose.chunk_frames
        self._numbers = iter(range(first, self._n_chunks))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._results: queue.Queue[TrackedChunk | BaseException] = queue.Queue()
        workers = min(workers, self._n_chunks - first)
        # Trackers take most of the memory: tracking a chunk again waits until another one is done.
        self._trackers = threading.BoundedSemaphore(workers)
        self._everyone = PoseEstimator(model_path, "photo", pose.max_people, pose)
        self._everyone_lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"chunks-{number}", daemon=True)
            for number in range(workers)
        ]

    def __enter__(self) -> Self:
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
        finished: dict[int, TrackedChunk] = {}
        for number in range(self._first, self._n_chunks):
            while number not in finished:
                result = self._next_result()
                finished[result.number] = result
            chunk = self._checked(finished.pop(number))
            self._previous = chunk
            yield chunk

    def _next_result(self) -> TrackedChunk:
        while True:
            try:
                result = self._results.get(timeout=_PROGRESS_INTERVAL_S)
            except queue.Empty:
                result = None
            if self._report_frames is not None:
                self._report_frames(self._frames_done)
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                return result

    def _checked(self, tracked: TrackedChunk) -> Chunk:
        """The chunk, tracked again if its tracker may have started on the wrong person."""
        previous, warm_up = self._previous, self._pose.warmup_frames
        if previous is None or not warm_up or self._pose.person_policy != "followed":
            return tracked.chunk
        followed = previous.person(len(previous.pts_s) - warm_up)
        if not is_distracted(followed, tracked.in_view):
            return tracked.chunk
        with SeekingReader(self._path, self._media, self._ticks) as reader:
            return self._track(reader, tracked.number, previous).chunk

    def _work(self) -> None:
        try:
            with SeekingReader(self._path, self._media, self._ticks) as reader:
                while (number := self._next_number()) is not None:
                    self._results.put(self._track(reader, number, None))
        except _Stopped:
            return
        except BaseException as error:  # raised again by the thread that iterates
            self._results.put(error)

    def _find_everyone(self, rgb: RgbArray) -> list[Person]:
        """Everyone in an image. One estimator is enough, since this is rarely called."""
        with self._everyone_lock:
            return self._everyone.people(rgb)

    def _next_number(self) -> int | None:
        with self._lock:
            return None if self._stop.is_set() else next(self._numbers, None)

    def _track(self, reader: SeekingReader, number: int, previous: Chunk | None) -> TrackedChunk:
        size = self._pose.chunk_frames
        start = max(0, number * size - (self._pose.warmup_frames if number else 0))
        stop = min(len(self._ticks), (number + 1) * size)
        frames = sample_frames(reader.frames(start, stop), self._pose)
        # A chunk that is tracked again has been counted before.
        counted = self._counted(frames, number * size if previous is None else stop)
        with self._trackers:
            (tracked,) = track_chunks(
                counted, number, number, previous, self._model_path, self._pose, self._find_everyone
            )
        return tracked

    def _counted(
        self, frames: Iterator[Frame | SkippedFrame], count_from: int
    ) -> Iterator[Frame | SkippedFrame]:
        for frame in frames:
            yield frame
            if self._stop.is_set():
                raise _Stopped
            if frame.index >= count_from:
                with self._lock:
                    self._frames_done += 1


class _Stopped(Exception):
    """The iteration has ended, so the remaining chunks are not needed."""
