"""Chunks: the pieces in which a video's landmarks are defined.

A video's landmarks are defined chunk by chunk rather than by one pass from start to end, because a
tracker depends on the frames it has already seen: started elsewhere, it finds slightly different
landmarks, and both are equally right. Chunk *k* holds frames *kC … (k+1)C − 1*. Its tracker is new
and has been warmed up on the *w* frames before the chunk. Chunks can therefore be stored, resumed
and computed in parallel without changing a bit (``tracking``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import FloatArray, empty_landmarks
from shared_features.pose.estimator import Person


@dataclass(frozen=True)
class Chunk:
    """The landmarks of consecutive frames.

    Attributes:
        pts_s: ``(n,)`` float64 times in seconds.
        image: ``(n, 33, 5)`` float32 image landmarks.
        world: ``(n, 33, 3)`` float32 world landmarks.
        people_in_view: Number of people found in the first frame that the chunk's tracker saw.
        inferred_frames: Number of the chunk's frames on which the pose network ran.
    """

    pts_s: NDArray[np.float64]
    image: FloatArray
    world: FloatArray
    people_in_view: int
    inferred_frames: int

    def person(self, row: int) -> Person | None:
        """The person tracked in one of the chunk's frames."""
        image, world = self.image[row], self.world[row]
        return None if np.isnan(image[0, 0]) else Person(image, world)


class ChunkBuffer:
    """Consecutive chunks, copied into three growing arrays.

    A list of the chunks of an hour of video would be scattered between the blocks that trackers
    free, and would keep the allocator from returning those to the system.

    Attributes:
        last: The last chunk appended, if any.
        people_in_view: ``Chunk.people_in_view`` of every chunk.
        inferred_frames: Number of frames on which the pose network ran, in all chunks together.
    """

    def __init__(self) -> None:
        self.last: Chunk | None = None
        self.people_in_view: list[int] = []
        self.inferred_frames = 0
        self._pts_s = np.empty(0)
        self._image, self._world = empty_landmarks(0)
        self._frames = 0

    def __len__(self) -> int:
        return len(self.people_in_view)

    @property
    def frames(self) -> int:
        """Number of frames in all chunks together."""
        return self._frames

    def reserve(self, frames: int) -> None:
        """Make room for this many frames in total; unused room takes up no memory."""
        if frames <= len(self._pts_s):
            return
        for name in ("_pts_s", "_image", "_world"):
            old = getattr(self, name)
            new = np.empty((frames, *old.shape[1:]), dtype=old.dtype)
            new[: self._frames] = old[: self._frames]
            setattr(self, name, new)

    def append(self, chunk: Chunk) -> None:
        """Append the next chunk."""
        end = self._frames + len(chunk.pts_s)
        if end > len(self._pts_s):
            self.reserve(2 * end)
        rows = slice(self._frames, end)
        self._pts_s[rows] = chunk.pts_s
        self._image[rows], self._world[rows] = chunk.image, chunk.world
        self.last, self._frames = chunk, end
        self.people_in_view.append(chunk.people_in_view)
        self.inferred_frames += chunk.inferred_frames

    def landmarks(self) -> tuple[NDArray[np.float64], FloatArray, FloatArray]:
        """Times, image landmarks and world landmarks of all frames."""
        n = self._frames
        return self._pts_s[:n], self._image[:n], self._world[:n]
