"""Rendered frames through the real MediaPipe, on all cores: landmarks with known labels.

Results are stored per task, so a build that was stopped goes on where it was.
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from shared_features import pose_asset
from shared_features.atomic import written_whole
from shared_features.landmarks import empty_landmarks
from shared_features.params import PoseParams
from shared_features.pose import Person, PoseEstimator
from training import synthetic
from training.synthetic.samples import (
    FRAMES_PER_GROUP,
    LandmarkSamples,
    RenderedFrame,
    frame_groups,
)

# One task's groups: small enough for a smooth progress bar, large enough to pay for the start of
# an estimator.
_GROUPS_PER_TASK = 20

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
    n_frames: int, seed: int, pose: PoseParams, cache: Path, progress: Progress
) -> DetectedFrames:
    """Render frames and let MediaPipe find the landmarks.

    Args:
        n_frames: how many, rounded up to whole tasks.
        seed: of the performers, shots and postures.
        pose: the detector's settings.
        cache: folder for finished tasks, kept between runs; files of other settings are ignored.
        progress: called with the number of frames done.
    """
    model_path = pose_asset.resolve(pose.model_path)
    n_tasks = -(-n_frames // (FRAMES_PER_GROUP * _GROUPS_PER_TASK))
    cache.mkdir(parents=True, exist_ok=True)
    key = _cache_key(seed, pose, model_path)
    paths = [cache / f"detected_{key}_{task:05d}.npz" for task in range(n_tasks)]
    missing = [task for task in range(n_tasks) if not paths[task].is_file()]
    done = n_tasks - len(missing)
    frames_per_task = FRAMES_PER_GROUP * _GROUPS_PER_TASK
    progress(done * frames_per_task)
    # Spawned, not forked: MediaPipe's threads do not survive a fork.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        tasks = [
            pool.submit(_detect_task, paths[task], task, seed, model_path, pose) for task in missing
        ]
        for finished in as_completed(tasks):
            finished.result()
            done += 1
            progress(done * frames_per_task)
    parts = [_load(path) for path in paths]
    return DetectedFrames(concatenated(parts), n_tasks * frames_per_task)


def _detect_task(path: Path, task: int, seed: int, model_path: Path, pose: PoseParams) -> None:
    detected: list[tuple[RenderedFrame, Person]] = []
    with PoseEstimator(model_path, "photo", 1, pose) as estimator:
        for frame in frame_groups(seed, task * _GROUPS_PER_TASK, _GROUPS_PER_TASK):
            detected += [(frame, person) for person in estimator.people(frame.rgb)]
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
    for source in sorted(Path(synthetic.__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    settings = pose.model_dump(mode="json", exclude={"model_path"})
    digest.update(json.dumps([seed, settings, _GROUPS_PER_TASK], sort_keys=True).encode())
    return digest.hexdigest()[:16]
