"""Landmarks with known labels: rendered frames sent through the real MediaPipe, on all cores.

The results of each task are stored, so a build that was stopped resumes where it left off.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from shared_features.landmarks.landmarks import empty_landmarks
from shared_features.params import PoseParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.runtime.atomic import atomic_write
from training import synthetic
from training.errors import TrainingError
from training.runtime.workers import Failed, Workers, each_done
from training.synthetic.frames import (
    CLIP_FRAMES,
    CLIP_FRAMES_PER_SECOND,
    FRAMES_PER_GROUP,
    RenderedFrame,
    clip_groups,
    frame_groups,
)
from training.synthetic.samples import LandmarkSamples, concatenated

# Groups per task: few enough for a smooth progress bar, and enough to make starting an estimator
# worthwhile.
_GROUPS_PER_TASK = 20

Footage = Literal["stills", "clips"]
_FRAMES_PER_GROUP: dict[Footage, int] = {"stills": FRAMES_PER_GROUP, "clips": CLIP_FRAMES}


@dataclass(frozen=True)
class DetectedFrames:
    """Landmarks that MediaPipe detected in rendered frames.

    Attributes:
        samples: Landmarks of the frames in which it found a person.
        rendered: Number of frames rendered.
    """

    samples: LandmarkSamples
    rendered: int

    @property
    def detection_rate(self) -> float:
        """Share of the frames in which a person was found."""
        return len(self.samples) / self.rendered


def detect_rendered(
    footage: Footage,
    n_frames: int,
    seed: int,
    pose: PoseParams,
    cache: Path,
    report_progress: Callable[[int], None],
) -> DetectedFrames:
    """Render frames and let MediaPipe find the landmarks.

    Args:
        footage: ``stills``, each with a fresh detection, or ``clips``, in which the tracker follows
            the performer from frame to frame as it does in a video.
        n_frames: Number of frames, rounded up to whole tasks.
        seed: Seed for performers, shots and postures.
        pose: The detector's settings.
        cache: Folder for finished tasks, kept between runs; files from other settings are ignored.
        report_progress: Called with the number of frames done so far.

    Raises:
        TrainingError: A worker process failed, or the cache cannot be written. Finished tasks are
            kept.
    """
    model_path = model_asset.resolve(pose.model_path, pose.network)
    frames_per_task = _FRAMES_PER_GROUP[footage] * _GROUPS_PER_TASK
    n_tasks = -(-n_frames // frames_per_task)
    cache.mkdir(parents=True, exist_ok=True)
    key = _cache_key(seed, pose, model_path)
    paths = [cache / f"{footage}_{key}_{task:05d}.npz" for task in range(n_tasks)]
    missing = [task for task in range(n_tasks) if not paths[task].is_file()]
    done = n_tasks - len(missing)
    report_progress(done * frames_per_task)
    detect = partial(_detect_task, paths, footage, seed, model_path, pose, _GROUPS_PER_TASK)
    for _, result in each_done(detect, missing, cache, Workers()):
        if isinstance(result, Failed):
            raise TrainingError(
                f"Rendering {footage} failed: {result.reason}. Finished parts are kept; run the "
                "same command again to resume."
            )
        done += 1
        report_progress(done * frames_per_task)
    parts = [_load(path) for path in paths]
    return DetectedFrames(concatenated(parts), n_tasks * frames_per_task)


def together(stills: DetectedFrames, clips: DetectedFrames) -> DetectedFrames:
    """Stills and clips as one; the groups of clips get numbers of their own (below zero)."""
    renumbered = replace(clips.samples, groups=-1 - clips.samples.groups)
    return DetectedFrames(
        concatenated([stills.samples, renumbered]), stills.rendered + clips.rendered
    )


def _detect_task(
    paths: list[Path],
    footage: Footage,
    seed: int,
    model_path: Path,
    pose: PoseParams,
    n_groups: int,
    task: int,
) -> None:
    first_group = task * n_groups
    detected: list[tuple[RenderedFrame, Person]] = []
    if footage == "stills":
        with PoseEstimator(model_path, "photo", 1, pose) as estimator:
            for frame in frame_groups(seed, first_group, n_groups):
                detected += [(frame, person) for person in estimator.people(frame.rgb)]
    else:
        for clip in clip_groups(seed, first_group, n_groups):
            with PoseEstimator(model_path, "video", 1, pose) as estimator:
                for number, frame in enumerate(clip):
                    people = estimator.people(frame.rgb, number / CLIP_FRAMES_PER_SECOND)
                    detected += [(frame, person) for person in people]
    image, world = empty_landmarks(len(detected))
    for row, (_, person) in enumerate(detected):
        image[row], world[row] = person.image, person.world
    with atomic_write(paths[task]) as temporary:
        np.savez(
            temporary,
            image=image,
            world=world,
            width=np.array([frame.width for frame, _ in detected], dtype=np.int64),
            height=np.array([frame.height for frame, _ in detected], dtype=np.int64),
            labels=np.array([frame.label for frame, _ in detected], dtype=np.str_),
            groups=np.array([frame.group for frame, _ in detected], dtype=np.int64),
        )


def _load(path: Path) -> LandmarkSamples:
    with np.load(path) as stored:
        return LandmarkSamples(**{name: stored[name] for name in stored.files})


def _cache_key(seed: int, pose: PoseParams, model_path: Path) -> str:
    """A hash of everything that the stored landmarks depend on, the renderer's code included."""
    digest = hashlib.sha256(model_path.read_bytes())
    for source in sorted(Path(synthetic.__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    settings = pose.model_dump(mode="json", exclude={"model_path"})
    digest.update(json.dumps([seed, settings, _GROUPS_PER_TASK], sort_keys=True).encode())
    return digest.hexdigest()[:16]
