"""How well generated routines are understood: ``python -m benchmarks.routines``.

Routines of performers that were never used for training or for choosing settings, rendered, encoded
and analysed as an upload is: frame accuracy, holds found, missed and false, and how far their
starts and ends are from the truth. A hold begins and ends where the geometry of the pose table
says. Seeds from 9000 on are for this benchmark; choose settings with other seeds.
"""

import argparse
import csv
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import wilson
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.timeline import Timeline, build_timeline
from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import read_track, write_track
from shared_features.media.video.writer import VideoWriter
from shared_features.params import PROJECT_ROOT, SharedParams, load_shared
from shared_features.pose.extract import extract_video
from shared_features.runtime import console
from training.synthetic.performance import FRAMES_PER_SECOND, performance_frames

FIRST_SEED = 9000
# Smaller than usual, which costs nothing: the pose network sees 256 × 256 pixels.
_HEIGHT, _WIDTH = 360, 480


@dataclass(frozen=True)
class Hold:
    """A pose held long enough to count; times in seconds."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class RoutineScore:
    """How well one routine was understood.

    Attributes:
        frame_accuracy: Share of the frames with the right label; uncertain is not right.
        holds: Number of holds performed.
        missed: Number of them that were not found.
        false: Number of holds found where none of that label was performed.
        start_errors_s: Found start minus true start of each hold found.
        end_errors_s: Found end minus true end.
        changes_per_s: How often the answer changes.
    """

    frame_accuracy: float
    holds: int
    missed: int
    false: int
    start_errors_s: tuple[float, ...]
    end_errors_s: tuple[float, ...]
    changes_per_s: float


def true_holds(
    labels: Sequence[str], pts_s: Sequence[float], other: str, min_hold_s: float
) -> list[Hold]:
    """The periods of one pose that last long enough, from the label of every frame."""
    holds, first = [], 0
    for label, frames in itertools.groupby(labels):
        after = first + len(list(frames))
        end_s = pts_s[after] if after < len(pts_s) else pts_s[-1] + 1 / FRAMES_PER_SECOND
        if label != other and end_s - pts_s[first] >= min_hold_s:
            holds.append(Hold(label, pts_s[first], end_s))
        first = after
    return holds


def score_routine(
    labels: Sequence[str], performed: Sequence[Hold], found: Timeline
) -> RoutineScore:
    """Compare a timeline with the truth; a hold is found if one of its label covers half of it.

    Args:
        labels: True label of each frame.
        performed: The true holds.
        found: The timeline of the same frames.
    """
    holds = [Hold(each.label, each.start_s, each.end_s) for each in found.holds]
    starts, ends = [], []
    for true in performed:
        best = max(holds, key=lambda each: _overlap_s(each, true), default=None)
        if best is not None and _overlap_s(best, true) > (true.end_s - true.start_s) / 2:
            starts.append(best.start_s - true.start_s)
            ends.append(best.end_s - true.end_s)
    false = sum(all(_overlap_s(each, true) <= 0 for true in performed) for each in holds)
    changes = sum(a != b for a, b in itertools.pairwise(found.frame_labels))
    return RoutineScore(
        frame_accuracy=float(
            np.mean([a == b for a, b in zip(found.frame_labels, labels, strict=True)])
        ),
        holds=len(performed),
        missed=len(performed) - len(starts),
        false=false,
        start_errors_s=tuple(starts),
        end_errors_s=tuple(ends),
        changes_per_s=changes / float(found.pts_s[-1] - found.pts_s[0]),
    )


def _overlap_s(a: Hold, b: Hold) -> float:
    """Common duration of two holds of the same pose; 0 or less for others."""
    return min(a.end_s, b.end_s) - max(a.start_s, b.start_s) if a.label == b.label else 0.0


def report(scores: Sequence[RoutineScore]) -> dict[str, Any]:
    """The figures over all routines."""
    accuracy = [score.frame_accuracy for score in scores]
    errors_s = np.abs(
        np.concatenate([[*score.start_errors_s, *score.end_errors_s] for score in scores])
    )
    holds, missed = (sum(getattr(s, name) for s in scores) for name in ("holds", "missed"))
    clean = sum(score.false == 0 for score in scores)
    return {
        "routines": len(scores),
        "frame accuracy, median": round(float(np.median(accuracy)), 4),
        "frame accuracy, worst": round(min(accuracy), 4),
        "holds": holds,
        "holds found": holds - missed,
        "holds found, 95 %": [round(bound, 3) for bound in wilson(holds - missed, holds)],
        "false holds": sum(score.false for score in scores),
        "routines without a false hold": clean,
        "start and end: median error, s": _quantile(errors_s, 0.5),
        "start and end: 90 % within, s": _quantile(errors_s, 0.9),
        "changes per second, median": round(
            float(np.median([score.changes_per_s for score in scores])), 3
        ),
    }


def _quantile(errors_s: NDArray[np.float64], share: float) -> float | None:
    return round(float(np.quantile(errors_s, share)), 3) if len(errors_s) else None


def landmarks(
    seed: int, folder: Path, shared: SharedParams
) -> tuple[LandmarkTrack, list[str], list[float]]:
    """The landmarks of a routine, its true labels and times; kept in a folder for the next time."""
    video, table = folder / f"routine_{seed}.mp4", folder / f"routine_{seed}.csv"
    stored = folder / f"routine_{seed}_landmarks.csv"
    if not stored.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        if not table.is_file():
            rows = []
            with VideoWriter(video, _WIDTH, _HEIGHT) as encoder:
                for rgb, pts_s, label in performance_frames(seed, _HEIGHT, _WIDTH):
                    encoder.write(rgb, pts_s)
                    rows.append((label, repr(pts_s)))
            with table.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
        write_track(extract_video(video, shared.media, shared.pose).track, stored)
    with table.open(newline="", encoding="utf-8") as file:
        labels, times = zip(*csv.reader(file), strict=True)
    return read_track(stored), list(labels), [float(pts_s) for pts_s in times]


def main() -> None:
    """Print the figures of each routine and of all, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--routines", type=int, default=10, help="number of routines")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--folder", type=Path, default=PROJECT_ROOT / "out" / "routines")
    parser.add_argument("--model", type=Path, default=PROJECT_ROOT / "models/pose_classifier.onnx")
    parser.add_argument("--out", type=Path, default=PROJECT_ROOT / "out" / "routines.json")
    arguments = parser.parse_args()
    shared = load_shared(PROJECT_ROOT / "params.yaml")
    classifier = PoseClassifier(arguments.model)
    other, smoothing = classifier.contract.other, classifier.contract.timeline
    scores = []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.routines):
        track, labels, pts_s = landmarks(seed, arguments.folder, shared)
        timeline = build_timeline(
            classifier.classify(track),
            track.pts_s,
            pts_s[-1] + 1 / FRAMES_PER_SECOND,
            classifier.labels,
            other,
            smoothing,
        )
        performed = true_holds(labels, pts_s, other, smoothing.min_hold_s)
        scores.append(score_routine(labels, performed, timeline))
        print(f"routine {seed}: {scores[-1]}", flush=True)
    figures = report(scores)
    for name, value in figures.items():
        print(f"{name}: {value}")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"Written to {arguments.out}.")


if __name__ == "__main__":
    console.run(main)
