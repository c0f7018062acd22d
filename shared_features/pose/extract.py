"""A photo or a video to its ``LandmarkTrack``: what training stores and serving classifies.

See ``chunks`` for what the landmarks of a video are, and ``pace`` for frames nobody looks at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from shared_features.errors import SeekError
from shared_features.landmarks.landmarks import LandmarkTrack, empty_landmarks
from shared_features.media.facts import Verdict, VideoInfo
from shared_features.media.frames import Frame
from shared_features.media.photos import read_photo
from shared_features.media.reader import VideoReader
from shared_features.media.seek import SeekingReader, frame_ticks
from shared_features.params import MediaParams, PoseParams
from shared_features.pose import model_asset
from shared_features.pose.checkpoints import CheckpointStore
from shared_features.pose.chunks import Chunk, ChunkedTracking, Chunks
from shared_features.pose.estimator import PoseEstimator, pick
from shared_features.pose.parallel import SideBySide
from shared_features.pose.sampling import frames_due
from shared_features.runtime.prefetch import Prefetched

# Frames decoded ahead of the pose network.
_PREFETCH_FRAMES = 4
Progress = Callable[[int], None]


@dataclass(frozen=True)
class VideoExtraction:
    """All that reading a video gives: its landmarks, what its header said, how reading it ended."""

    track: LandmarkTrack
    info: VideoInfo
    verdict: Verdict


def extract_photo(path: Path, media: MediaParams, pose: PoseParams) -> LandmarkTrack:
    """The landmarks of a photo, as a track of one frame.

    Everyone in view is looked for; ``followed`` takes whoever is found most surely.

    Raises:
        MediaError: the file is not a readable photo within the limits.
        PoseAssetError: the pose model file is missing or damaged.
    """
    model_path = model_asset.resolve(pose.model_path)
    frame = read_photo(path, media)
    with PoseEstimator(model_path, "photo", pose.max_people, pose) as estimator:
        return photo_track(path.name, frame, estimator, pose)


def photo_track(
    source: str, frame: Frame, estimator: PoseEstimator, pose: PoseParams
) -> LandmarkTrack:
    """The track of one frame, with a ``photo`` estimator that is already running."""
    people = estimator.people(frame.rgb)
    person = pick(people, pose.person_policy)
    image, world = empty_landmarks(1)
    if person is not None:
        image[0], world[0] = person.image, person.world
    height, width = frame.rgb.shape[:2]
    provenance = {"person_policy": pose.person_policy, "people_in_view": [len(people)]}
    return LandmarkTrack(source, width, height, np.zeros(1), image, world, provenance)


def extract_video(
    path: Path,
    media: MediaParams,
    pose: PoseParams,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
    workers: int = 1,
) -> VideoExtraction:
    """The landmarks of every frame of a video.

    Args:
        path: of the video.
        media: limits.
        pose: how landmarks are found.
        checkpoints: a folder for finished chunks. A run that finds chunks there goes on behind
            them; the result is the same, bit for bit. Nothing in it is removed here.
        progress: called with the number of frames done; whatever it raises ends the extraction.
        workers: threads, each with a chunk of its own; the result is the same, bit for bit.

    Raises:
        MediaError: the file is not a readable video within the limits.
        PoseAssetError: the pose model file is missing or damaged.
    """
    model_path = model_asset.resolve(pose.model_path)
    store = CheckpointStore(checkpoints, path, model_path, pose)
    run = _Run(path, media, pose, model_path, store, Chunks(), progress)
    for chunk in store.finished():
        run.chunks.append(chunk)
    if progress is not None:
        progress(run.chunks.frames)
    read = run.side_by_side(workers) if workers > 1 else None
    info, verdict = read or run.in_order()
    provenance = store.provenance | {
        "people_in_view": run.chunks.people_in_view,
        "frames_looked_at": run.chunks.looked_at,
    }
    pts_s, image, world = run.chunks.landmarks()
    track = LandmarkTrack(path.name, info.width, info.height, pts_s, image, world, provenance)
    return VideoExtraction(track, info, verdict)


@dataclass
class _Run:
    """One extraction; ``chunks`` grows."""

    path: Path
    media: MediaParams
    pose: PoseParams
    model_path: Path
    store: CheckpointStore
    chunks: Chunks
    progress: Progress | None

    def side_by_side(self, workers: int) -> tuple[VideoInfo, Verdict] | None:
        """Several chunks at a time; None if the video has to be read from its beginning."""
        ticks = frame_ticks(self.path)
        if ticks is None or len(ticks) - self.chunks.frames <= self.pose.chunk_frames:
            return None
        self.chunks.reserve(len(ticks))
        try:
            with SeekingReader(self.path, self.media, ticks) as reader:
                verdict = reader.verdict()
                with SideBySide(
                    self.path,
                    self.media,
                    self.model_path,
                    self.pose,
                    ticks,
                    self.chunks.last,
                    len(self.chunks),
                    workers,
                    self.progress,
                ) as tracking:
                    for chunk in tracking:
                        self._add(chunk)
                return reader.info, verdict
        except SeekError:
            return None

    def in_order(self) -> tuple[VideoInfo, Verdict]:
        """One frame after the other."""
        pose, done = self.pose, self.chunks.frames
        with VideoReader(self.path, self.media) as reader:
            tracking = ChunkedTracking(self.model_path, pose, self.chunks.last, len(self.chunks))
            start = max(0, done - pose.warmup_frames)
            # A caller who wants to stop is asked while frames are skipped, too.
            asked = None if self.progress is None else partial(self.progress, done)
            due = frames_due(reader.frames(start, asked), pose)
            with tracking, Prefetched(due, _PREFETCH_FRAMES) as frames:
                for frame in frames:
                    chunk = tracking.add(frame)
                    if chunk is not None:
                        self._add(chunk)
                    if self.progress is not None and frame.index >= done:
                        self.progress(frame.index + 1)
                rest = tracking.rest()
            if rest is not None:
                self.chunks.append(rest)
            return reader.info, reader.verdict

    def _add(self, chunk: Chunk) -> None:
        if len(chunk.pts_s) == self.pose.chunk_frames:
            self.store.save(len(self.chunks), chunk)
        self.chunks.append(chunk)
