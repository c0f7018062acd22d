"""A whole analysis against a plain loop: OpenCV decode + MediaPipe with the unpruned networks.

``python -m benchmarks.analyze [CLIP]``; without a clip, 20 seconds of the demo performance, scaled
to 720p.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2

from benchmarks.ratios import measure
from serving.analysis import analyse_video
from serving.exports.files import write_exports
from shared_features import console, pose_asset
from shared_features.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT, load_shared
from shared_features.video_reader import VideoReader
from shared_features.video_writer import VideoWriter

DEMO = PROJECT_ROOT / "serving" / "demo" / "performance.mp4"
SIZE_PX = (1280, 720)
DEMO_START_S, DEMO_END_S = 5.0, 25.0


def plain_loop(clip: Path) -> int:
    """Decode with OpenCV, detect with the unpruned networks, keep nothing."""
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(pose_asset.default_path("stock"))),
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


def scaled_demo(target: Path) -> None:
    """A part of the demo performance at 720p."""
    with (
        VideoReader(DEMO, load_shared().media) as reader,
        VideoWriter(target, *SIZE_PX) as writer,
    ):
        for frame in reader.frames():
            if DEMO_START_S <= frame.pts_s < DEMO_END_S:
                writer.write(cv2.resize(frame.rgb, SIZE_PX), frame.pts_s - DEMO_START_S)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path, nargs="?", help="a 720p video; default: the demo")
    parser.add_argument("--pairs", type=int, default=5, help="how often both are run")
    arguments = parser.parse_args()
    params = load_shared()
    pose_asset.verify(pose_asset.default_path("stock"), "stock")
    classifier = PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")
    with tempfile.TemporaryDirectory() as folder:
        clip = arguments.clip
        if clip is None:
            clip = Path(folder) / "demo_720p.mp4"
            scaled_demo(clip)

        def analysis() -> None:
            result = analyse_video(clip, clip.name, classifier, params)
            write_exports(result, Path(folder))

        ratio = measure(lambda: plain_loop(clip), analysis, arguments.pairs)
    print(
        f"analyze (decoding, landmarks, poses, timeline, files) against OpenCV decode + unpruned "
        f"MediaPipe on {clip.name}: {ratio} as fast",
        file=sys.stdout,
    )


if __name__ == "__main__":
    console.run(main)
