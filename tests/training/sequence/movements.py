"""Clips of a simple movement that is done more or less well, with known scores."""

import csv
from pathlib import Path

import numpy as np

from shared_features.landmarks.landmarks import LANDMARK_INDEX, LandmarkTrack
from shared_features.landmarks.track_csv import write_track
from training.sequence.data.clips import Clip, LabelledClips, Target

# A standing figure, in torso lengths from the hips; y down.
_STANDING = {
    "NOSE": (0.0, -1.4),
    "SHOULDER": (0.3, -1.0),
    "ELBOW": (0.4, -0.5),
    "WRIST": (0.45, 0.0),
    "HIP": (0.2, 0.0),
    "KNEE": (0.22, 0.85),
    "ANKLE": (0.22, 1.7),
    "FOOT_INDEX": (0.3, 1.75),
}


def movement(depth: float, seed: int, frames: int = 30) -> np.ndarray:
    """Points ``(frames, 33, 4)``: arms are raised sideways, the higher the greater ``depth``."""
    random = np.random.default_rng(seed)
    points = np.zeros((frames, 33, 4))
    points[..., 3] = 1
    for name, (x, y) in _STANDING.items():
        sides = [("LEFT_", 1), ("RIGHT_", -1)] if name != "NOSE" else [("", 1)]
        for side, sign in sides:
            points[:, LANDMARK_INDEX[side + name], :2] = sign * x, y
    angle = depth * np.pi / 2 * np.sin(np.linspace(0, np.pi, frames))
    for side, sign in (("LEFT_", 1), ("RIGHT_", -1)):
        shoulder = points[:, LANDMARK_INDEX[side + "SHOULDER"], :2]
        direction = np.stack([sign * np.sin(angle), np.cos(angle)], axis=1)
        points[:, LANDMARK_INDEX[side + "ELBOW"], :2] = shoulder + 0.5 * direction
        points[:, LANDMARK_INDEX[side + "WRIST"], :2] = shoulder + direction
    points[..., :3] += random.normal(0, 0.01, points[..., :3].shape)
    place, size = random.uniform(-1, 1, 2), random.uniform(0.1, 0.2)
    points[..., :3] *= size
    points[..., :2] += place
    return points


def labelled_clips(kind: Target, n_clips: int = 48, seed: int = 0) -> LabelledClips:
    """Clips of twelve people, each with as many as any other."""
    random = np.random.default_rng(seed)
    depths = random.uniform(0, 1, n_clips)
    clips = tuple(
        Clip(f"clip {n}", np.arange(frames) / 30, movement(depth, n + seed, frames))
        for n, (depth, frames) in enumerate(
            zip(depths, random.integers(8, 50, n_clips), strict=True)
        )
    )
    high = depths > 0.5
    targets = {
        "points": depths * 100,
        "correct": np.where(high, 100.0, 0.0),
        "labels": np.where(high, "high", "low"),
    }[kind]
    groups = np.array([f"person {n % 12}" for n in range(n_clips)])
    return LabelledClips(clips, targets, groups, kind)


def write_table(data: LabelledClips, folder: Path, column: str) -> Path:
    """Landmark tables of the clips in a folder, and the table that rates them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scores.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", column, "group"])
        for number, (clip, target, group) in enumerate(
            zip(data.clips, data.targets, data.groups, strict=True)
        ):
            name = f"video_clip_{number}_landmarks.csv"
            image = np.ones((len(clip.pts_s), 33, 5), dtype=np.float32)
            image[..., :4] = clip.points
            track = LandmarkTrack(
                f"clip_{number}.mp4",
                640,
                640,
                clip.pts_s,
                image,
                np.zeros((len(image), 33, 3), dtype=np.float32),
            )
            write_track(track, folder / name)
            writer.writerow([name, target, group])
    return path
