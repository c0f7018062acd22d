"""How much chunks, and inference on fewer frames, change a timeline.

``python -m benchmarks.agreement RECORDING...`` uses these recordings and the demo performance. The
project's chunks are compared with one uninterrupted pass over each recording, and several values of
``pose.max_fps`` and ``pose.still_fps`` with the project's settings. The edges of a hold are its
first and last frame; they are compared with those of the nearest segment with the same label.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import Results
from serving.analysis import Analysis, analyze_video
from shared_features.classify.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT, PoseParams, SharedParams, load_shared
from shared_features.runtime import console

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
ONE_PASS = {"chunk_frames": 10_000_000}
LESS_WORK: dict[str, dict[str, float]] = {
    "max_fps 15": {"max_fps": 15},
    "max_fps 10": {"max_fps": 10},
    "still_fps 15": {"still_fps": 15},
    "still_fps 10": {"still_fps": 10},
    "still_fps 5": {"still_fps": 5},
}
CLOSE_FRAMES = 2


@dataclass(frozen=True)
class Agreement:
    """How two timelines of one recording differ.

    Attributes:
        frames: Number of frames.
        same: Number of frames with the same label.
        inferred: Share of the frames on which the pose network ran.
        edge_frames: Frames by which each edge of a hold has moved. A missing hold counts as having
            moved by its whole distance from the start.
    """

    frames: int
    same: int
    inferred: float
    edge_frames: tuple[int, ...]


def compare(reference: Analysis, other: Analysis) -> Agreement:
    """Compare labels frame by frame, and edges hold by hold."""
    pairs = zip(reference.timeline.frame_labels, other.timeline.frame_labels, strict=True)
    moved = []
    for hold in reference.timeline.holds:
        found = [
            (abs(each.first_frame - hold.first_frame), abs(each.last_frame - hold.last_frame))
            for each in other.timeline.segments
            if each.label == hold.label
        ]
        moved += min(found, key=sum, default=(hold.last_frame, hold.last_frame))
    frames = len(reference.track)
    inferred = other.track.provenance["frames_looked_at"] / frames
    return Agreement(frames, sum(a == b for a, b in pairs), inferred, tuple(moved))


def add(results: Results, name: str, agreements: Sequence[Agreement]) -> None:
    """Add the figures of one setting over all recordings."""
    frames = sum(each.frames for each in agreements)
    edges = [edge for each in agreements for edge in each.edge_frames]
    close = sum(edge <= CLOSE_FRAMES for edge in edges)
    inferred = sum(each.inferred * each.frames for each in agreements) / frames
    results.note(f"{name}: frames with inference", inferred)
    results.note(f"{name}: frames with the same label", sum(a.same for a in agreements) / frames)
    results.note(f"{name}: edges of holds within {CLOSE_FRAMES} frames", close / len(edges))
    results.note(f"{name}: farthest edge, frames", max(edges))


def run(recordings: Sequence[Path]) -> Results:
    """Analyse every recording with every setting."""
    shared = load_shared(PROJECT_ROOT / "params.yaml")
    classifier = PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")

    def analysed(path: Path, pose: PoseParams) -> Analysis:
        params: SharedParams = shared.model_copy(update={"pose": pose})
        return analyze_video(path, path.name, classifier, params)

    found: dict[str, list[Agreement]] = {name: [] for name in ("chunks", *LESS_WORK)}
    for path in recordings:
        usual = analysed(path, shared.pose)
        one_pass = analysed(path, shared.pose.model_copy(update=ONE_PASS))
        found["chunks"].append(compare(one_pass, usual))
        for name, setting in LESS_WORK.items():
            less = analysed(path, shared.pose.model_copy(update=setting))
            found[name].append(compare(usual, less))
    frames = sum(each.frames for each in found["chunks"])
    holds = sum(len(each.edge_frames) // 2 for each in found["chunks"])
    results = Results(f"{len(recordings)} recordings, {frames:,} frames, {holds} holds")
    for name, agreements in found.items():
        add(results, name, agreements)
    return results


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "recordings", type=Path, nargs="*", help="in addition to the demo performance"
    )
    run([DEMO, *parser.parse_args().recordings]).print()


if __name__ == "__main__":
    console.run(main)
