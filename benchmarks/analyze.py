"""Landmarks, a full analysis and an overlay compared with a plain loop, as ratios in one run.

``python -m benchmarks.analyze [CLIP]`` uses 60 seconds of the demo performance, scaled to 720p, if
no clip is given. The plain loop decodes with OpenCV and runs MediaPipe with the unpruned networks,
and does nothing else. The machine's limit is all its cores running only the pose network.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.ratios import Ratio, in_turn
from benchmarks.results import Results
from serving.analysis import analyze_video
from serving.exports.files import write_exports
from serving.overlay.render import draw_all
from serving.overlay.routine import routine_of
from serving.settings import load_settings
from shared_features.classify.classifier import PoseClassifier
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import PROJECT_ROOT, load_shared
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import extract_video
from shared_features.runtime import console
from shared_features.runtime.cores import usable_cores

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
SIZE_PX = (1280, 720)
DEMO_S = 60.0
NETWORK_FRAMES = 150


def plain_loop(clip: Path) -> int:
    """Decode with OpenCV, detect with the unpruned networks, keep nothing."""
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model_asset.default_path("stock"))),
        running_mode=vision.RunningMode.VIDEO,
    )
    capture = cv2.VideoCapture(str(clip))
    n_frames = 0
    with vision.PoseLandmarker.create_from_options(options) as landmarker:
        while True:
            found, bgr = capture.read()
            if not found:
                return n_frames
            rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
            landmarker.detect_for_video(image, n_frames * 40)
            n_frames += 1


def scaled_demo(target: Path) -> Path:
    """The demo performance at 720p, repeated until it is long enough."""
    offset_s = 0.0
    with VideoWriter(target, *SIZE_PX) as writer:
        while offset_s < DEMO_S:
            with VideoReader(DEMO, load_shared().media) as reader:
                for frame in reader.frames():
                    if offset_s + frame.pts_s >= DEMO_S:
                        break
                    writer.write(
                        cv2.resize(frame.rgb, SIZE_PX).astype(np.uint8), offset_s + frame.pts_s
                    )
                offset_s += frame.pts_s + 0.04
    return target


def network_s(clip: Path) -> float:
    """Median seconds of the pruned network for one tracked frame on one idle core."""
    params = load_shared()
    frames = []
    with VideoReader(clip, params.media) as reader:
        for frame in reader.frames():
            frames.append((frame.pts_s, frame.rgb))
            if len(frames) == NETWORK_FRAMES:
                break
    with PoseEstimator(model_asset.resolve(None), "video", 1, params.pose) as estimator:
        durations = []
        for pts_s, rgb in frames:
            start = time.perf_counter()
            estimator.people(rgb, pts_s)
            durations.append(time.perf_counter() - start)
    return statistics.median(durations)


def ways(clip: Path, folder: Path) -> dict[str, Callable[[], object]]:
    """The functions to time, by name."""
    settings = load_settings(PROJECT_ROOT / "params.yaml")
    shared, threads = settings.shared, usable_cores() + 1
    classifier = PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")

    def analysis(overlay: bool) -> None:
        result = analyze_video(clip, clip.name, classifier, shared)
        write_exports(result, folder, "landmarks.csv")
        if overlay:
            routine, drawing = routine_of(result), settings.serving.overlay
            draw_all(clip, routine, folder, drawing, shared.media)

    return {
        "landmarks": lambda: extract_video(clip, shared.media, shared.pose, workers=threads),
        "analysis": lambda: analysis(overlay=False),
        "analysis with overlay": lambda: analysis(overlay=True),
    }


def run(clip: Path | None, rounds: int) -> Results:
    """Time everything in turn, round by round."""
    model_asset.verify(model_asset.default_path("stock"), "stock")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clip = clip or scaled_demo(folder / "demo_720p.mp4")
        n_frames = plain_loop(clip)
        measured = ways(clip, folder)
        plain_s, ways_s = in_turn(lambda: plain_loop(clip), measured, rounds)
        limit_s = network_s(clip) * n_frames / usable_cores()
        results = Results(f"{clip.name}, {n_frames} frames, {usable_cores()} cores")
        for name, way_s in ways_s.items():
            share = limit_s / statistics.median(way_s)
            results.add(f"{name} against the plain loop", Ratio(plain_s, way_s))
            results.note(f"{name}: share of the machine's limit", share)
        return results


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path, nargs="?", help="a 720p video (default: the demo)")
    parser.add_argument("--rounds", type=int, default=3, help="number of runs of each")
    arguments = parser.parse_args()
    run(arguments.clip, arguments.rounds).print()


if __name__ == "__main__":
    console.run(main)
