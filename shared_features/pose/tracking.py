"""Tracks consecutive chunks of a video in one pass over their frames.

Only a chunk that starts with several people in view depends on the chunk before it: its tracker is
put on the person followed there (``chunk_tracker``).
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared_features.media.frames import Frame, RgbArray
from shared_features.params import PoseParams
from shared_features.pose.chunk_tracker import ChunkTracker
from shared_features.pose.chunks import Chunk
from shared_features.pose.estimator import Person
from shared_features.pose.sampling import SkippedFrame


@dataclass(frozen=True)
class TrackedChunk:
    """A chunk, and the people its tracker started with.

    Attributes:
        number: Number of the chunk, the first one 0.
        chunk: Landmarks of the chunk.
        in_view: Everyone found in the first frame that the tracker saw.
    """

    number: int
    chunk: Chunk
    in_view: list[Person]


def track_chunks(
    frames: Iterable[Frame | SkippedFrame],
    first: int,
    last: int | None,
    previous: Chunk | None,
    model_path: Path,
    pose: PoseParams,
    find_everyone: Callable[[RgbArray], list[Person]],
) -> Generator[TrackedChunk, None, None]:
    """Track consecutive chunks; only the last one of the video may be shorter than the others.

    Near the end of a chunk, each frame goes to two trackers: to the chunk's own and to the next
    one, which is warming up. Memory is therefore independent of the number of warm-up frames.

    Args:
        frames: All frames from the first warm-up frame of the first chunk to the last frame of the
            last chunk or of the video.
        first: Number of the first chunk.
        last: Number of the last chunk. None: all chunks to the end of the video.
        previous: The chunk before the first one, which says who was being followed. None: no one.
        model_path: Path of the pose model.
        pose: Pose settings.
        find_everyone: Finds all people in a frame.
    """
    size = pose.chunk_frames
    new_tracker = partial(
        ChunkTracker, model_path=model_path, pose=pose, find_everyone=find_everyone
    )
    current, upcoming = new_tracker(first), new_tracker(first + 1)
    try:
        for frame in frames:
            followed = None
            if previous is not None and frame.index < first * size:
                followed = previous.person(frame.index - (first - 1) * size)
            person = current.add(frame, followed)
            end = upcoming.number * size
            if frame.index >= end - pose.warmup_frames and current.number != last:
                upcoming.add(frame, person)
            if frame.index + 1 == end:
                tracked = _finish(current)
                current, upcoming = upcoming, new_tracker(upcoming.number + 1)
                yield tracked
        if len(current):
            yield _finish(current)
    finally:
        current.close()
        upcoming.close()


def _finish(tracker: ChunkTracker) -> TrackedChunk:
    chunk = tracker.chunk()
    tracker.close()
    return TrackedChunk(tracker.number, chunk, tracker.in_view)
