"""Rendered frames through the real MediaPipe, on all cores: landmarks with known labels.

Results are stored per task, so a build that was stopped goes on where it was.
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np

from shared_features.landmarks.landmarks import empty_landmarks
from shared_features.params import PoseParams
from shared_features.pose import model_asset
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.runtime.atomic import written_whole
from training import synthetic
from training.synthetic.frames import (
    CLIP_FRAMES,
    CLIP_FRAMES_PER_SECOND,
    FRAMES_PER_GROUP,
    RenderedFrame,
    clip_groups,
    frame_groups,
)
from training.synthetic.samples import LandmarkSamples

# One task's groups: small enough for a smooth progress bar, large enough to pay for the start of
# an estimator.
_GROUPS_PER_TASK = 20

Material = Literal["stills", "clips"]
_FRAMES_PER_GROUP: dict[Material, int] = {"stills": FRAMES_PER_GROUP, "clips": CLIP_FRAMES}

Progress = Callable[[int], None]


def concatenated(parts: Sequence[LandmarkSamples]) -> LandmarkSamples:
    """Samples one after the other."""
    names = [field.name for field in fields(LandmarkSamples)]
    return LandmarkSamples(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


@dataclass(frozen=True)
class DetectedFrames:
    """What MediaPipe made of rendered frames.

    Attributes:
        samples: the landmarks of the frames in which it found somebody.
        rendered: number of frames rendered.
    """

    samples: LandmarkSamples
    rendered: int

    @property
    def detection_rate(self) -> float:
        """Share of the frames in which somebody was found."""
        return len(self.samples) / self.rendered


def detect_rendered(
    material: Material,
    n_frames: int,
    seed: int,
    pose: PoseParams,
    cache: Path,
    progress: Progress,
) -> DetectedFrames:
    """Render frames and let MediaPipe find the landmarks.

    Args:
        material: ``stills``, in which people are found afresh, or ``clips``, in which the tracker
            follows them from frame to frame as it does in a video.
        n_frames: how many, rounded up to whole tasks.
        seed: of the performers, shots and postures.
        pose: the detector's settings.
        cache: folder for finished tasks, kept between runs; files of other settings are ignored.
        progress: called with the number of frames done.
    """
    model_path = model_asset.resolve(pose.model_path)
    frames_per_task = _FRAMES_PER_GROUP[material] * _GROUPS_PER_TASK
    n_tasks = -(-n_frames // frames_per_task)
    cache.mkdir(parents=True, exist_ok=True)
    key = _cache_key(seed, pose, model_path)
    paths = [cache / f"{material}_{key}_{task:05d}.npz" for task in range(n_tasks)]
    missing = [task for task in range(n_tasks) if not paths[task].is_file()]
    done = n_tasks - len(missing)
    progress(done * frames_per_task)
    # Spawned, not forked: MediaPipe's threads do not survive a fork.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        tasks = [
            pool.submit(_detect_task, paths[task], material, task, seed, model_path, pose)
            for task in missing
        ]
        for finished in as_completed(tasks):
            finished.result()
            done += 1
            progress(done * frames_per_task)
    parts = [_load(path) for path in paths]
    return DetectedFrames(concatenated(parts), n_tasks * frames_per_task)


def together(stills: DetectedFrames, clips: DetectedFrames) -> DetectedFrames:
    """Both materials as one; performers of clips get numbers of their own (below zero)."""
    renumbered = replace(clips.samples, groups=-1 - clips.samples.groups)
    return DetectedFrames(
        concatenated([stills.samples, renumbered]), stills.rendered + clips.rendered
    )


def _detect_task(
    path: Path, material: Material, task: int, seed: int, model_path: Path, pose: PoseParams
) -> None:
    first_group = task * _GROUPS_PER_TASK
    detected: list[tuple[RenderedFrame, Person]] = []
    if material == "stills":
        with PoseEstimator(model_path, "photo", 1, pose) as estimator:
            for frame in frame_groups(seed, first_group, _GROUPS_PER_TASK):
                detected += [(frame, person) for person in estimator.people(frame.rgb)]
    else:
        for clip in clip_groups(seed, first_group, _GROUPS_PER_TASK):
            with PoseEstimator(model_path, "video", 1, pose) as estimator:
                for number, frame in enumerate(clip):
                    people = estimator.people(frame.rgb, number / CLIP_FRAMES_PER_SECOND)
                    detected += [(frame, person) for person in people]
    image, world = empty_landmarks(len(detected))
    for row, (_, person) in enumerate(detected):
        image[row], world[row] = person.image, person.world
    with written_whole(path) as temporary:
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
    """Changes with everything that the stored landmarks depend on, the renderer's code included."""
    digest = hashlib.sha256(model_path.read_bytes())
    for source in sorted(Path(synthetic.__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    settings = pose.model_dump(mode="json", exclude={"model_path"})
    digest.update(json.dumps([seed, settings, _GROUPS_PER_TASK], sort_keys=True).encode())
    return digest.hexdigest()[:16]
