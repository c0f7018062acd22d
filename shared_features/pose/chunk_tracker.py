"""The tracker of one chunk, which is put on the right person while it warms up."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from shared_features.landmarks.landmarks import empty_landmarks
from shared_features.media.frames import Frame, RgbArray
from shared_features.params import PoseParams
from shared_features.pose.chunks import Chunk
from shared_features.pose.estimator import Person, is_same_person
from shared_features.pose.person_tracker import Tracker, new_tracker
from shared_features.pose.sampling import SkippedFrame, Stillness, fill_skipped

# The margin kept around the followed person when everyone else is blanked out, as a fraction of the
# person's own width and height. It leaves room for a limb that moves until the next frame.
_MARGIN_AROUND_PERSON = 0.15
_BLANK_GREY = 128


class ChunkTracker:
    """A new tracker for one chunk; its networks are loaded with the first frame.

    When other people are in view as it starts and the policy is ``followed``, the tracker is put on
    the person whom the previous chunk's tracker was following: while it warms up, everything around
    that person is blanked out until the person has been found.

    Args:
        number: Number of the chunk, the first one 0.
        model_path: Path of the pose model.
        pose: Pose settings.
        find_everyone: Finds all people in an image: in the first frame, and for closer looks.

    Attributes:
        number: Number of the chunk.
        in_view: Everyone found in the first frame that was added.
    """

    def __init__(
        self,
        number: int,
        model_path: Path,
        pose: PoseParams,
        find_everyone: Callable[[RgbArray], list[Person]],
    ) -> None:
        self.number = number
        self.in_view: list[Person] = []
        self._model_path, self._pose, self._find_everyone = model_path, pose, find_everyone
        self._first = number * pose.chunk_frames
        # Every frame is tracked from here on: the next tracker is warming up, or the chunk ends.
        self._always_due = self._first + pose.chunk_frames - max(pose.warmup_frames, 1)
        self._tracker: Tracker | None = None
        self._distracted = False
        self._stillness = Stillness(pose.still_fps)
        self._pts_s: list[float] = []
        self._inferred: list[bool] = []
        self._people: list[Person | None] = []

    def __len__(self) -> int:
        """Number of the chunk's frames tracked so far."""
        return len(self._pts_s)

    def add(self, frame: Frame | SkippedFrame, followed: Person | None) -> Person | None:
        """Warm up on a frame before the chunk, or track a frame of the chunk.

        Args:
            frame: The next frame. The first one must not be a skipped one.
            followed: The person followed in a frame before the chunk, if known.

        Returns:
            The person found in a frame of the chunk. None while warming up, for a frame on which
            the pose network did not run, and for one in which it found no one.
        """
        if self._tracker is None:
            self._tracker = self._start(frame, followed)
        if frame.index < self._first:
            if not isinstance(frame, SkippedFrame):
                self._warm_up(self._tracker, frame, followed)
            return None
        return self._track(self._tracker, frame)

    def close(self) -> None:
        """Free the networks; closing again does nothing."""
        if self._tracker is not None:
            self._tracker.close()

    def chunk(self) -> Chunk:
        """The landmarks of all frames tracked so far."""
        image, world = empty_landmarks(len(self._people))
        for row, person in enumerate(self._people):
            if person is not None:
                image[row], world[row] = person.image, person.world
        pts_s = np.array(self._pts_s)
        inferred = np.array(self._inferred)
        fill_skipped(pts_s, inferred, image, world)
        return Chunk(pts_s, image, world, len(self.in_view), int(inferred.sum()))

    def _start(self, frame: Frame | SkippedFrame, followed: Person | None) -> Tracker:
        if isinstance(frame, SkippedFrame):
            raise ValueError(f"frame {frame.index} was skipped, but a tracker starts there")
        self.in_view = self._find_everyone(frame.rgb)
        self._distracted = is_distracted(followed, self.in_view)
        return new_tracker(self._model_path, self._pose, self._find_everyone)

    def _warm_up(self, tracker: Tracker, frame: Frame, followed: Person | None) -> None:
        policy = self._pose.person_policy
        if policy == "followed" and self._distracted and followed is not None:
            blanked = _blank_around(frame.rgb, followed)
            self._distracted = tracker.track(blanked, frame.pts_s) is None
        else:
            tracker.track(frame.rgb, frame.pts_s)

    def _track(self, tracker: Tracker, frame: Frame | SkippedFrame) -> Person | None:
        person = None
        is_due = frame.index >= self._always_due or self._stillness.is_due(frame.pts_s)
        is_inferred = is_due and not isinstance(frame, SkippedFrame)
        if is_due and not isinstance(frame, SkippedFrame):
            person = tracker.track(frame.rgb, frame.pts_s)
            self._stillness.record(frame.pts_s, person, frame.rgb.shape[:2])
        self._pts_s.append(frame.pts_s)
        self._inferred.append(is_inferred)
        self._people.append(person)
        return person


def is_distracted(followed: Person | None, in_view: list[Person]) -> bool:
    """Whether someone other than the person followed so far is in view."""
    return followed is not None and any(not is_same_person(followed, person) for person in in_view)


def _blank_around(rgb: RgbArray, person: Person) -> RgbArray:
    """A copy of the frame in which only one person is left."""
    height, width = rgb.shape[:2]
    left, top, right, bottom = person.box()
    margin_x = (right - left) * _MARGIN_AROUND_PERSON
    margin_y = (bottom - top) * _MARGIN_AROUND_PERSON
    rows = slice(*_pixels(top - margin_y, bottom + margin_y, height))
    columns = slice(*_pixels(left - margin_x, right + margin_x, width))
    blanked = np.full_like(rgb, _BLANK_GREY)
    blanked[rows, columns] = rgb[rows, columns]
    return blanked


def _pixels(start: float, end: float, size: int) -> tuple[int, int]:
    return max(0, int(start * size)), min(size, int(end * size) + 1)
