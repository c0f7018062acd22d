"""The chunks in which a video's landmarks are defined, the trackers that make them, their storage.

The landmarks of a video are defined chunk by chunk, not by one endless pass, because a tracker
depends on its past: started elsewhere, it finds slightly other landmarks, and both are equally
right. Chunk *k* holds the frames *kC … (k+1)C − 1*. Its tracker is fresh and has been warmed on the
*w* frames before. So chunks can be stored, resumed and computed side by side, and the bits stay the
same.

When someone else is in view at the start of a chunk and the policy is ``followed``, the fresh
tracker is put on the person whom the tracker before it was following: while it warms up, the
picture around that person is blanked out. Only such a chunk depends on the one before it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from shared_features.atomic import written_whole
from shared_features.frames import Frame, RgbArray
from shared_features.landmarks import FloatArray, empty_landmarks
from shared_features.params import PoseParams
from shared_features.pose import Person, PoseEstimator, is_same_person, pick

# How much of the picture around the followed person is kept when the others are blanked out, as a
# share of the person's own size: room for a limb that moves until the next frame.
_ROOM_AROUND_PERSON = 0.15
_BLANK_GREY = 128
# Part of every checkpoint's name: raised when the way landmarks are computed changes.
_EXTRACTION_VERSION = 1


@dataclass(frozen=True)
class Chunk:
    """The landmarks of some consecutive frames.

    Attributes:
        pts_s: ``(n,)`` float64.
        image: ``(n, 33, 5)`` float32.
        world: ``(n, 33, 3)`` float32.
        people_in_view: how many people were found in the frame its tracker started on.
    """

    pts_s: NDArray[np.float64]
    image: FloatArray
    world: FloatArray
    people_in_view: int

    def person(self, row: int) -> Person | None:
        """Whom the tracker found in one of its frames."""
        image, world = self.image[row], self.world[row]
        return None if np.isnan(image[0, 0]) else Person(image, world)


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
    frames: Iterable[Frame],
    number: int,
    model_path: Path,
    pose: PoseParams,
    everyone: PoseEstimator,
    before: Chunk | None,
) -> TrackedChunk:
    """The landmarks of one chunk.

    Args:
        frames: from its first warm-up frame to its last frame.
        number: of the chunk.
        model_path: of the pose model.
        pose: how landmarks are found.
        everyone: looks at the first frame.
        before: the chunk before, which says who is followed; None: as if nobody were.
    """
    start = number * pose.chunk_frames
    tracker, in_view, rows = None, [], []
    try:
        for frame in frames:
            followed = None
            if before is not None and frame.index < start:
                followed = before.person(frame.index - (start - pose.chunk_frames))
            if tracker is None:
                in_view = everyone.people(frame.rgb)
                tracker = _ChunkTracker(model_path, pose, in_view, followed)
            if frame.index < start:
                tracker.warm_up(frame, followed)
            else:
                rows.append((frame.pts_s, tracker.track(frame)))
    finally:
        if tracker is not None:
            tracker.close()
    return TrackedChunk(number, _pack(rows, len(in_view)), in_view)


def _pack(rows: list[tuple[float, Person | None]], people_in_view: int) -> Chunk:
    image, world = empty_landmarks(len(rows))
    for row, (_, person) in enumerate(rows):
        if person is not None:
            image[row], world[row] = person.image, person.world
    return Chunk(np.array([pts_s for pts_s, _ in rows]), image, world, people_in_view)


class _ChunkTracker:
    """The fresh tracker of one chunk, put on the right person while it warms up.

    Args:
        in_view: everyone found in the frame it starts on.
        followed: whom the tracker before it was following in that frame.
    """

    def __init__(
        self,
        model_path: Path,
        pose: PoseParams,
        in_view: list[Person],
        followed: Person | None,
    ) -> None:
        self._policy = pose.person_policy
        self.people_in_view = len(in_view)
        self._distracted = is_distracted(followed, in_view)
        people = 1 if self._policy == "followed" else pose.max_people
        self._estimator = PoseEstimator(model_path, "video", people, pose)

    def close(self) -> None:
        """Free the networks."""
        self._estimator.close()

    def warm_up(self, frame: Frame, followed: Person | None) -> None:
        """Track a frame before the chunk; others are blanked out until the person is found."""
        if self._policy == "followed" and self._distracted and followed is not None:
            blanked = _blank_around(frame.rgb, followed)
            self._distracted = self._find(Frame(frame.index, frame.pts_s, blanked)) is None
        else:
            self._find(frame)

    def track(self, frame: Frame) -> Person | None:
        """Track a frame of the chunk."""
        return self._find(frame)

    def _find(self, frame: Frame) -> Person | None:
        return pick(self._estimator.people(frame.rgb, frame.pts_s), self._policy)


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
        self._rows: list[tuple[float, Person | None]] = []

    def __enter__(self) -> "ChunkedTracking":
        return self

    def __exit__(self, *_: object) -> None:
        for running in (self._everyone, self._current, self._next):
            if running is not None:
                running.close()

    def add(self, frame: Frame) -> Chunk | None:
        """Track one frame, in order; returns a chunk when the frame was its last one."""
        chunk_start = self._chunk * self._pose.chunk_frames
        chunk_end = chunk_start + self._pose.chunk_frames
        if frame.index < chunk_start:
            self._current = self._warmed(self._current, frame, self._stored(frame.index))
            return None
        if self._current is None:
            self._current = self._fresh(frame, None)
        person = self._current.track(frame)
        self._rows.append((frame.pts_s, person))
        if frame.index >= chunk_end - self._pose.warmup_frames:
            self._next = self._warmed(self._next, frame, person)
        return self._finish() if frame.index + 1 == chunk_end else None

    def rest(self) -> Chunk | None:
        """The last, shorter chunk, if any."""
        if self._current is None or not self._rows:
            return None
        return _pack(self._rows, self._current.people_in_view)

    def _warmed(
        self, tracker: _ChunkTracker | None, frame: Frame, followed: Person | None
    ) -> "_ChunkTracker":
        if tracker is None:
            tracker = self._fresh(frame, followed)
        tracker.warm_up(frame, followed)
        return tracker

    def _fresh(self, frame: Frame, followed: Person | None) -> _ChunkTracker:
        in_view = self._everyone.people(frame.rgb)
        return _ChunkTracker(self._model_path, self._pose, in_view, followed)

    def _finish(self) -> Chunk | None:
        if self._current is None:
            return None
        chunk = _pack(self._rows, self._current.people_in_view)
        self._current.close()
        self._current, self._next = self._next, None
        self._chunk += 1
        self._rows = []
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


class CheckpointStore:
    """Finished chunks as files of one folder, named after all that their contents depend on."""

    def __init__(
        self, folder: Path | None, video: Path, model_path: Path, pose: PoseParams
    ) -> None:
        self._folder = folder
        self.provenance: dict[str, Any] = {
            "extraction_version": _EXTRACTION_VERSION,
            "pose_model_sha256": _sha256(model_path),
            "chunk_frames": pose.chunk_frames,
            "warmup_frames": pose.warmup_frames,
            "person_policy": pose.person_policy,
        }
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            settings = _plain(pose) | self.provenance | {"video": _sha256(video)}
            content = json.dumps(settings, sort_keys=True)
            self._key = hashlib.sha256(content.encode()).hexdigest()[:16]

    def finished(self) -> Iterator[Chunk]:
        """The chunks stored so far, up to the first gap."""
        chunk = 0
        while self._folder is not None and (path := self._path(chunk)).is_file():
            try:
                with path.open("rb") as file, np.load(file) as stored:
                    finished = Chunk(
                        stored["pts_s"],
                        stored["image"],
                        stored["world"],
                        int(stored["people_in_view"]),
                    )
            except (OSError, ValueError, KeyError, BadZipFile):
                return  # damaged on disk: computed again, and written over
            yield finished
            chunk += 1

    def save(self, number: int, chunk: Chunk) -> None:
        """Store a chunk; it is there whole or not at all, also when the machine dies."""
        if self._folder is None:
            return
        with written_whole(self._path(number)) as temporary:
            np.savez(temporary, allow_pickle=False, **asdict(chunk))

    def _path(self, number: int) -> Path:
        if self._folder is None:
            raise RuntimeError("there is no folder for checkpoints")
        return self._folder / f"chunk_{self._key}_{number:05d}.npz"


def _plain(pose: PoseParams) -> dict[str, Any]:
    """The pose settings as plain values; the model file is told apart by its contents instead."""
    return pose.model_dump(mode="json", exclude={"model_path"})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
