"""A photo or a video to its ``LandmarkTrack``: what training stores and serving classifies.

See ``chunks`` for what the landmarks of a video are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from shared_features import pose_asset
from shared_features.chunks import CheckpointStore, ChunkedTracking
from shared_features.frames import Frame, read_photo
from shared_features.landmarks import LandmarkTrack, empty_landmarks
from shared_features.params import MediaParams, PoseParams
from shared_features.pose import PoseEstimator, pick
from shared_features.prefetch import Prefetched
from shared_features.video_reader import Verdict, VideoInfo, VideoReader

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
    model_path = pose_asset.resolve(pose.model_path)
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
) -> VideoExtraction:
    """The landmarks of every frame of a video.

    Args:
        path: of the video.
        media: limits.
        pose: how landmarks are found.
        checkpoints: a folder for finished chunks. A run that finds chunks there goes on behind
            them; the result is the same, bit for bit. Nothing in it is removed here.
        progress: called with the number of frames done; whatever it raises ends the extraction.

    Raises:
        MediaError: the file is not a readable video within the limits.
        PoseAssetError: the pose model file is missing or damaged.
    """
    model_path = pose_asset.resolve(pose.model_path)
    store = CheckpointStore(checkpoints, path, model_path, pose)
    with VideoReader(path, media) as reader:
        chunks = list(store.finished())
        done = sum(len(chunk.pts_s) for chunk in chunks)
        if progress is not None:
            progress(done)
        tracking = ChunkedTracking(model_path, pose, chunks[-1] if chunks else None, len(chunks))
        start = max(0, done - pose.warmup_frames)
        # A caller who wants to stop is asked while frames are skipped, too.
        asked = None if progress is None else partial(progress, done)
        with tracking, Prefetched(reader.frames(start, asked), _PREFETCH_FRAMES) as frames:
            for frame in frames:
                chunk = tracking.add(frame)
                if chunk is not None:
                    store.save(len(chunks), chunk)
                    chunks.append(chunk)
                if progress is not None and frame.index >= done:
                    progress(frame.index + 1)
            rest = tracking.rest()
        if rest is not None:
            chunks.append(rest)
        track = LandmarkTrack(
            source=path.name,
            width=reader.info.width,
            height=reader.info.height,
            pts_s=np.concatenate([chunk.pts_s for chunk in chunks]),
            image=np.concatenate([chunk.image for chunk in chunks]),
            world=np.concatenate([chunk.world for chunk in chunks]),
            provenance=store.provenance
            | {"people_in_view": [chunk.people_in_view for chunk in chunks]},
        )
        return VideoExtraction(track, reader.info, reader.verdict)
