"""The chunks in which a video's landmarks are defined, and the trackers that make them.

The landmarks of a video are defined chunk by chunk, not by one endless pass, because a tracker
depends on its past: started elsewhere, it finds slightly other landmarks, and both are equally
right. Chunk *k* holds the frames *kC … (k+1)C − 1*. Its tracker is fresh and has been warmed on the
*w* frames before. So chunks can be stored, resumed and computed side by side, and the bits stay the
same.

When someone else is in view at the start of a chunk and the policy is ``followed``, the fresh
tracker is put on the person whom the tracker before it was following: while it warms up, the
picture around that person is blanked out. Only such a chunk depends on the one before it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import FloatArray, empty_landmarks
from shared_features.media.frames import Frame, RgbArray
from shared_features.params import PoseParams
from shared_features.pose.estimator import Person, PoseEstimator, is_same_person, pick
from shared_features.pose.sampling import PassedOver, Stillness, fill_between

# How much of the picture around the followed person is kept when the others are blanked out, as a
# share of the person's own size: room for a limb that moves until the next frame.
_ROOM_AROUND_PERSON = 0.15
_BLANK_GREY = 128


@dataclass(frozen=True)
class Chunk:
    """The landmarks of some consecutive frames.

    Attributes:
        pts_s: ``(n,)`` float64.
        image: ``(n, 33, 5)`` float32.
        world: ``(n, 33, 3)`` float32.
        people_in_view: how many people were found in the frame its tracker started on.
        looked_at: how many of its frames the pose network has seen.
    """

    pts_s: NDArray[np.float64]
    image: FloatArray
    world: FloatArray
    people_in_view: int
    looked_at: int

    def person(self, row: int) -> Person | None:
        """Whom the tracker found in one of its frames."""
        image, world = self.image[row], self.world[row]
        return None if np.isnan(image[0, 0]) else Person(image, world)


class Chunks:
    """Consecutive chunks, copied into three arrays that grow.

    Kept as they come, the chunks of an hour would lie between what trackers leave behind, and keep
    that from being given back.

    Attributes:
        last: the last one, if there is any.
        people_in_view: of each.
        looked_at: how many frames the pose network has seen.
    """

    def __init__(self) -> None:
        self.last: Chunk | None = None
        self.people_in_view: list[int] = []
        self.looked_at = 0
        self._pts_s = np.empty(0)
        self._image, self._world = empty_landmarks(0)
        self._frames = 0

    def __len__(self) -> int:
        return len(self.people_in_view)

    @property
    def frames(self) -> int:
        """Number of frames in all of them."""
        return self._frames

    def reserve(self, frames: int) -> None:
        """Make room for so many frames in all; room that is not used takes no memory."""
        if frames <= len(self._pts_s):
            return
        for name in ("_pts_s", "_image", "_world"):
            old = getattr(self, name)
            new = np.empty((frames, *old.shape[1:]), dtype=old.dtype)
            new[: self._frames] = old[: self._frames]
            setattr(self, name, new)

    def append(self, chunk: Chunk) -> None:
        """Add the next one."""
        end = self._frames + len(chunk.pts_s)
        if end > len(self._pts_s):
            self.reserve(2 * end)
        rows = slice(self._frames, end)
        self._pts_s[rows] = chunk.pts_s
        self._image[rows], self._world[rows] = chunk.image, chunk.world
        self.last, self._frames = chunk, end
        self.people_in_view.append(chunk.people_in_view)
        self.looked_at += chunk.looked_at

    def landmarks(self) -> tuple[NDArray[np.float64], FloatArray, FloatArray]:
        """Times, image and world landmarks of all frames."""
        n = self._frames
        return self._pts_s[:n], self._image[:n], self._world[:n]


@dataclass(frozen=True)
class TrackedChunk:
    """A chunk and what its tracker started on.

    Attributes:
        number: of the chunk.
        chunk: its landmarks.
        in_view: everyone found in the first frame that the tracker saw.
    """

    number: int
    chunk: Chunk
    in_view: list[Person]


def is_distracted(followed: Person | None, in_view: list[Person]) -> bool:
    """Whether a fresh tracker has to be put on the person followed so far: others are in view."""
    return followed is not None and any(not is_same_person(followed, person) for person in in_view)


def track_chunk(
    frames: Iterable[Frame | PassedOver],
    number: int,
    model_path: Path,
    pose: PoseParams,
    everyone: Callable[[RgbArray], list[Person]],
    before: Chunk | None,
) -> TrackedChunk:
    """The landmarks of one chunk.

    Args:
        frames: from its first warm-up frame to its last frame.
        number: of the chunk.
        model_path: of the pose model.
        pose: how landmarks are found.
        everyone: finds all people in the first frame.
        before: the chunk before, which says who is followed; None: as if nobody were.
    """
    start = number * pose.chunk_frames
    tracker, in_view = None, []
    try:
        for frame in frames:
            followed = None
            if before is not None and frame.index < start:
                followed = before.person(frame.index - (start - pose.chunk_frames))
            if tracker is None:
                in_view = everyone(_pixels_of(frame))
                tracker = _ChunkTracker(model_path, pose, number, in_view, followed)
            if frame.index < start:
                tracker.warm_up(frame, followed)
            else:
                tracker.track(frame)
        if tracker is None:
            raise ValueError(f"chunk {number} has no frames")
        return TrackedChunk(number, tracker.chunk(), in_view)
    finally:
        if tracker is not None:
            tracker.close()


def _pixels_of(frame: Frame | PassedOver) -> RgbArray:
    if isinstance(frame, PassedOver):
        raise ValueError(f"frame {frame.index} was passed over, but a tracker starts there")
    return frame.rgb


class _ChunkTracker:
    """The fresh tracker of one chunk, put on the right person while it warms up.

    Args:
        number: of the chunk.
        in_view: everyone found in the frame it starts on.
        followed: whom the tracker before it was following in that frame.
    """

    def __init__(
        self,
        model_path: Path,
        pose: PoseParams,
        number: int,
        in_view: list[Person],
        followed: Person | None,
    ) -> None:
        self._policy = pose.person_policy
        self._people_in_view = len(in_view)
        self._distracted = is_distracted(followed, in_view)
        self._stillness = Stillness(pose.still_fps)
        # From here on every frame counts: the next tracker warms up, or the chunk ends.
        self._unhurried_end = (number + 1) * pose.chunk_frames - max(pose.warmup_frames, 1)
        self._pts_s: list[float] = []
        self._looks: list[bool] = []
        self._people: list[Person | None] = []
        people = 1 if self._policy == "followed" else pose.max_people
        self._estimator = PoseEstimator(model_path, "video", people, pose)

    def close(self) -> None:
        """Free the networks."""
        self._estimator.close()

    def warm_up(self, frame: Frame | PassedOver, followed: Person | None) -> None:
        """Track a frame before the chunk; others are blanked out until the person is found."""
        if isinstance(frame, PassedOver):
            return
        if self._policy == "followed" and self._distracted and followed is not None:
            blanked = _blank_around(frame.rgb, followed)
            self._distracted = self._find(blanked, frame.pts_s) is None
        else:
            self._find(frame.rgb, frame.pts_s)

    def track(self, frame: Frame | PassedOver) -> Person | None:
        """Track a frame of the chunk; None: nobody was found, or nobody looked."""
        person = None
        is_due = frame.index >= self._unhurried_end or self._stillness.is_due(frame.pts_s)
        is_looked_at = is_due and not isinstance(frame, PassedOver)
        if not isinstance(frame, PassedOver) and is_due:
            person = self._find(frame.rgb, frame.pts_s)
            self._stillness.looked(frame.pts_s, person, frame.rgb.shape[:2])
        self._pts_s.append(frame.pts_s)
        self._looks.append(is_looked_at)
        self._people.append(person)
        return person

    def chunk(self) -> Chunk:
        """All that was tracked."""
        image, world = empty_landmarks(len(self._people))
        for row, person in enumerate(self._people):
            if person is not None:
                image[row], world[row] = person.image, person.world
        pts_s = np.array(self._pts_s)
        looks = np.array(self._looks)
        fill_between(pts_s, looks, image, world)
        return Chunk(pts_s, image, world, self._people_in_view, int(looks.sum()))

    def _find(self, rgb: RgbArray, pts_s: float) -> Person | None:
        return pick(self._estimator.people(rgb, pts_s), self._policy)


class ChunkedTracking:
    """Feeds frames to the tracker of their chunk and, near its end, to the next one as well.

    Running both through the warm-up frames, instead of keeping those frames, is what keeps memory
    independent of the warm-up length.

    Args:
        last_chunk: the last one that an earlier run has finished, if any; the first frame added is
            then the first warm-up frame behind it.
        chunk: number of the chunk to go on with.
    """

    def __init__(
        self, model_path: Path, pose: PoseParams, last_chunk: Chunk | None, chunk: int
    ) -> None:
        self._model_path = model_path
        self._pose = pose
        self._last_chunk = last_chunk
        self._chunk = chunk
        # Looks at each frame afresh, so one serves all chunks.
        self._everyone = PoseEstimator(model_path, "photo", pose.max_people, pose)
        self._current: _ChunkTracker | None = None
        self._next: _ChunkTracker | None = None

    def __enter__(self) -> "ChunkedTracking":
        return self

    def __exit__(self, *_: object) -> None:
        for running in (self._everyone, self._current, self._next):
            if running is not None:
                running.close()

    def add(self, frame: Frame | PassedOver) -> Chunk | None:
        """Track one frame, in order; returns a chunk when the frame was its last one."""
        chunk_start = self._chunk * self._pose.chunk_frames
        chunk_end = chunk_start + self._pose.chunk_frames
        if frame.index < chunk_start:
            followed = self._stored(frame.index)
            self._current = self._warmed(self._current, frame, self._chunk, followed)
            return None
        if self._current is None:
            self._current = self._fresh(frame, self._chunk, None)
        person = self._current.track(frame)
        if frame.index >= chunk_end - self._pose.warmup_frames:
            self._next = self._warmed(self._next, frame, self._chunk + 1, person)
        return self._finish() if frame.index + 1 == chunk_end else None

    def rest(self) -> Chunk | None:
        """The last, shorter chunk, if any."""
        chunk = self._current.chunk() if self._current is not None else None
        return chunk if chunk is not None and len(chunk.pts_s) else None

    def _warmed(
        self,
        tracker: _ChunkTracker | None,
        frame: Frame | PassedOver,
        number: int,
        followed: Person | None,
    ) -> _ChunkTracker:
        if tracker is None:
            tracker = self._fresh(frame, number, followed)
        tracker.warm_up(frame, followed)
        return tracker

    def _fresh(
        self, frame: Frame | PassedOver, number: int, followed: Person | None
    ) -> _ChunkTracker:
        in_view = self._everyone.people(_pixels_of(frame))
        return _ChunkTracker(self._model_path, self._pose, number, in_view, followed)

    def _finish(self) -> Chunk | None:
        if self._current is None:
            return None
        chunk = self._current.chunk()
        self._current.close()
        self._current, self._next = self._next, None
        self._chunk += 1
        return chunk

    def _stored(self, index: int) -> Person | None:
        """Whom the last finished chunk followed in one of its frames."""
        if self._last_chunk is None:
            return None
        return self._last_chunk.person(index - (self._chunk - 1) * self._pose.chunk_frames)


def _blank_around(rgb: RgbArray, person: Person) -> RgbArray:
    """A copy of the picture in which only one person is left."""
    height, width = rgb.shape[:2]
    left, top, right, bottom = person.box()
    room_x, room_y = (right - left) * _ROOM_AROUND_PERSON, (bottom - top) * _ROOM_AROUND_PERSON
    rows = slice(*_pixels(top - room_y, bottom + room_y, height))
    columns = slice(*_pixels(left - room_x, right + room_x, width))
    blanked = np.full_like(rgb, _BLANK_GREY)
    blanked[rows, columns] = rgb[rows, columns]
    return blanked


def _pixels(start: float, end: float, size: int) -> tuple[int, int]:
    return max(0, int(start * size)), min(size, int(end * size) + 1)
