"""From a photo or a video to its ``LandmarkTrack``, which training stores and serving classifies.

``chunks`` says how the landmarks of a video are defined; ``sampling`` says which frames the pose
network runs on.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from shared_features.errors import SeekError
from shared_features.landmarks.landmarks import LandmarkTrack, empty_landmarks
from shared_features.media.frames import Frame
from shared_features.media.photos import read_photo
from shared_features.media.video.facts import Verdict, VideoInfo
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.seek import SeekingReader, frame_ticks
from shared_features.params import MediaParams, PoseParams
from shared_features.pose import model_asset
from shared_features.pose.checkpoints import CheckpointStore, landmark_provenance
from shared_features.pose.chunks import Chunk, ChunkBuffer
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.parallel import ParallelTracking
from shared_features.pose.photo_looks import PHOTO_LOOKS, find_in_photo
from shared_features.pose.sampling import SkippedFrame, sample_frames
from shared_features.pose.tracking import track_chunks
from shared_features.runtime.prefetch import Prefetched

# Number of frames decoded ahead of the pose network.
_PREFETCH_FRAMES = 4
ReportFrames = Callable[[int], None]


@dataclass(frozen=True)
class VideoExtraction:
    """The result of reading a video to its end.

    Attributes:
        track: Landmarks of every frame.
        info: The video's description in its header.
        verdict: Whether the video was complete.
    """

    track: LandmarkTrack
    info: VideoInfo
    verdict: Verdict


def extract_photo(path: Path, media: MediaParams, pose: PoseParams) -> LandmarkTrack:
    """The landmarks of a photo, as a track of one frame.

    Up to ``pose.max_people`` people are detected; the policy ``followed`` takes the one detected
    with the highest confidence.

    Raises:
        MediaError: The file is not a readable photo within the limits.
        PoseAssetError: The pose model file is missing or damaged.
    """
    model_path = model_asset.resolve(pose.model_path, pose.network)
    frame = read_photo(path, media)
    with PoseEstimator(model_path, "photo", pose.max_people, pose) as estimator:
        return photo_track(path.name, frame, estimator, pose)


def photo_track(
    source: str, frame: Frame, estimator: PoseEstimator, pose: PoseParams
) -> LandmarkTrack:
    """The track of one frame, found by an estimator in ``photo`` mode (see ``photo_looks``).

    Args:
        source: Name of the photo.
        frame: The photo.
        estimator: Estimator in ``photo`` mode; it can be used for many photos.
        pose: Pose settings.
    """
    found = find_in_photo(frame.rgb, estimator.people, pose.person_policy)
    image, world = empty_landmarks(1)
    if found.person is not None:
        image[0], world[0] = found.person.image, found.person.world
    height, width = frame.rgb.shape[:2]
    provenance: dict[str, Any] = {
        "person_policy": pose.person_policy,
        "people_in_view": [found.people_in_view],
        "photo_looks": PHOTO_LOOKS,
        "inferences": found.inferences,
    }
    if frame.notes:
        provenance["notes"] = list(frame.notes)
    return LandmarkTrack(source, width, height, np.zeros(1), image, world, provenance)


def extract_video(
    path: Path,
    media: MediaParams,
    pose: PoseParams,
    checkpoints: Path | None = None,
    report_frames: ReportFrames | None = None,
    workers: int = 1,
) -> VideoExtraction:
    """The landmarks of every frame of a video.

    Args:
        path: Path of the video.
        media: Limits of the video.
        pose: Pose settings.
        checkpoints: Folder for finished chunks. An extraction that finds chunks there resumes after
            them, and the result is bit-identical. The folder is never cleaned up here.
        report_frames: Called with the number of frames finished so far. An exception that it raises
            ends the extraction.
        workers: Number of threads, each tracking a chunk of its own. The result is bit-identical
            for any number.

    Raises:
        MediaError: The file is not a readable video within the limits.
        PoseAssetError: The pose model file is missing or damaged.
    """
    model_path = model_asset.resolve(pose.model_path, pose.network)
    provenance = landmark_provenance(model_path, pose)
    store = None
    if checkpoints is not None:
        store = CheckpointStore(checkpoints, path, provenance, pose)
    extraction = _Extraction(path, media, pose, model_path, store, report_frames)
    info, verdict = extraction.run(workers)
    chunks = extraction.chunks
    provenance |= {
        "people_in_view": chunks.people_in_view,
        # The key under which landmark tables have always stored it.
        "frames_looked_at": chunks.inferred_frames,
    }
    pts_s, image, world = chunks.landmarks()
    track = LandmarkTrack(path.name, info.width, info.height, pts_s, image, world, provenance)
    return VideoExtraction(track, info, verdict)


class _Extraction:
    """One extraction in progress; its finished chunks are in ``chunks``."""

    def __init__(
        self,
        path: Path,
        media: MediaParams,
        pose: PoseParams,
        model_path: Path,
        store: CheckpointStore | None,
        report_frames: ReportFrames | None,
    ) -> None:
        self._path, self._media, self._pose, self._model_path = path, media, pose, model_path
        self._store = store
        self._report_frames = report_frames
        self.chunks = ChunkBuffer()

    def run(self, workers: int) -> tuple[VideoInfo, Verdict]:
        """Resume after the stored chunks, and track all others."""
        for chunk in self._store.finished() if self._store is not None else ():
            self.chunks.append(chunk)
        if self._report_frames is not None:
            self._report_frames(self.chunks.frames)
        read = self._in_parallel(workers) if workers > 1 else None
        return read or self._in_order()

    def _in_parallel(self, workers: int) -> tuple[VideoInfo, Verdict] | None:
        """Track several chunks at a time; None if the video must be read from its beginning."""
        ticks = frame_ticks(self._path)
        if ticks is None or len(ticks) - self.chunks.frames <= self._pose.chunk_frames:
            return None
        self.chunks.reserve(len(ticks))
        try:
            with SeekingReader(self._path, self._media, ticks) as reader:
                verdict = reader.verdict()
                with ParallelTracking(
                    self._path,
                    self._media,
                    self._model_path,
                    self._pose,
                    ticks,
                    self.chunks.last,
                    len(self.chunks),
                    workers,
                    self._report_frames,
                ) as tracking:
                    for chunk in tracking:
                        self._add(chunk)
                return reader.info, verdict
        except SeekError:
            return None

    def _in_order(self) -> tuple[VideoInfo, Verdict]:
        """Track one chunk after the other, in one pass over the video."""
        pose, done = self._pose, self.chunks.frames
        start = max(0, done - pose.warmup_frames)
        # Callers can also stop the extraction while finished frames are decoded again.
        skipped = None if self._report_frames is None else partial(self._report_frames, done)
        with (
            VideoReader(self._path, self._media) as reader,
            PoseEstimator(self._model_path, "photo", pose.max_people, pose) as everyone,
            Prefetched(
                sample_frames(reader.frames(start, skipped), pose), _PREFETCH_FRAMES
            ) as frames,
            closing(
                track_chunks(
                    self._reported(frames, done),
                    len(self.chunks),
                    None,
                    self.chunks.last,
                    self._model_path,
                    pose,
                    everyone.people,
                )
            ) as tracking,
        ):
            for tracked in tracking:
                self._add(tracked.chunk)
            return reader.info, reader.verdict

    def _reported(
        self, frames: Iterable[Frame | SkippedFrame], done: int
    ) -> Iterator[Frame | SkippedFrame]:
        for frame in frames:
            yield frame
            if self._report_frames is not None and frame.index >= done:
                self._report_frames(frame.index + 1)

    def _add(self, chunk: Chunk) -> None:
        # A resumed extraction starts at a multiple of the chunk length, so only full chunks count.
        if self._store is not None and len(chunk.pts_s) == self._pose.chunk_frames:
            self._store.save(len(self.chunks), chunk)
        self.chunks.append(chunk)
