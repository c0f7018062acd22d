"""Closer looks in clips, and holds that keep their pose: ``python -m benchmarks.clips``.

Clips of exercises as they are, small in the frame and underexposed: in how many frames the plain
tracker finds nobody, in how many the project's does, and how many inferences it takes. Then photos
of poses, moved and turned as if by an unsteady hand: how many frames of such a hold are right one
by one, and how many if the whole hold decides. It needs the collection of recordings that the tests
use (``STRAPS_TEST_DATA``).
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.labelled_photos import CONDITIONS, kept_for_the_end, read_rows
from benchmarks.results import Results
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.hold_evidence import decided_by_hold
from shared_features.landmarks.landmarks import LandmarkTrack, empty_landmarks
from shared_features.landmarks.still_periods import still_periods
from shared_features.media.frames import RgbArray
from shared_features.media.photos import read_photo
from shared_features.media.video.reader import VideoReader
from shared_features.params import PROJECT_ROOT, load_shared
from shared_features.pose import model_asset
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.pose.person_tracker import PersonTracker
from shared_features.runtime import console

DATA_VARIABLE = "STRAPS_TEST_DATA"
_FPS, _HOLD_FRAMES, _LONGEST_PX = 25, 40, 720


class _Counting:
    """Finds everyone in an image, and counts how often."""

    def __init__(self, estimator: PoseEstimator) -> None:
        self._estimator, self.looks = estimator, 0

    def __call__(self, rgb: RgbArray) -> list[Person]:
        self.looks += 1
        return self._estimator.people(rgb)


def unsteady(rgb: RgbArray, seed: int) -> Iterator[RgbArray]:
    """A photo as a clip of an unsteady camera, with noise and flicker."""
    random = np.random.default_rng(seed)
    scale = min(1.0, _LONGEST_PX / max(rgb.shape[:2]))
    rgb = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale), dtype=np.uint8)
    height, width = rgb.shape[:2]
    kernel = np.exp(-np.arange(12) / 6)
    kernel /= np.sqrt((kernel**2).sum())

    def drift(size: float) -> list[float]:
        steps = random.normal(0, size, _HOLD_FRAMES + len(kernel) - 1)
        moved: list[float] = np.convolve(steps, kernel, "valid").tolist()
        return moved

    ways = drift(0.012 * width), drift(0.012 * height), drift(0.02), drift(1.5)
    for x, y, zoom, angle_deg in zip(*ways, strict=True):
        turned = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1 + zoom)
        turned[:, 2] += np.array([x, y])
        moved = cv2.warpAffine(rgb, turned, (width, height), borderMode=cv2.BORDER_REPLICATE)
        noisy = moved * (1 + 0.04 * random.normal()) + random.normal(0, 5, moved.shape)
        yield noisy.clip(0, 255).astype(np.uint8)


def looks(clips: Sequence[Path], results: Results) -> None:
    """Frames without anyone, and inferences, by condition."""
    params = load_shared(PROJECT_ROOT / "params.yaml")
    path, pose = model_asset.resolve(None), params.pose
    with PoseEstimator(path, "photo", pose.max_people, pose) as everyone:
        for clip in clips:
            with VideoReader(clip, params.media) as reader:
                frames = [(frame.pts_s, frame.rgb) for frame in reader.frames()]
            for condition, change in CONDITIONS.items():
                find = _Counting(everyone)
                tracker = PersonTracker(path, pose, find)
                plain = lost = 0
                with PoseEstimator(path, "video", 1, pose) as estimator:
                    for pts_s, rgb in frames:
                        shown = change(rgb)
                        plain += not estimator.people(shown, pts_s)
                        lost += tracker.track(shown, pts_s) is None
                tracker.close()
                name = f"{clip.name}, {condition}, {len(frames)} frames"
                results.note(f"{name}: nobody found by the plain tracker", plain)
                results.note(f"{name}: nobody found", lost)
                results.note(f"{name}: further inferences", find.looks)


def holds(photos: Sequence[tuple[Path, str]], results: Results) -> None:
    """Frames of unsteady photos that are right, one by one and decided by the hold."""
    params = load_shared(PROJECT_ROOT / "params.yaml")
    path, pose = model_asset.resolve(None), params.pose
    classifier = PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")
    contract = classifier.contract
    frames = alone = together = 0
    with PoseEstimator(path, "photo", pose.max_people, pose) as everyone:
        for photo, label in photos:
            rgb = read_photo(photo, params.media).rgb
            for side in (rgb, np.ascontiguousarray(rgb[:, ::-1])):
                tracker = PersonTracker(path, pose, everyone.people)
                image, world = empty_landmarks(_HOLD_FRAMES)
                for index, shown in enumerate(unsteady(side, seed=7)):
                    person = tracker.track(shown, index / _FPS)
                    if person is not None:
                        image[index], world[index] = person.image, person.world
                tracker.close()
                height, width = shown.shape[:2]
                times = np.arange(_HOLD_FRAMES) / _FPS
                track = LandmarkTrack(photo.name, width, height, times, image, world)
                rows = classifier.classify(track)
                periods = still_periods(times, image, track.aspect, contract.timeline.max_gap_s)
                decided = decided_by_hold(rows, periods, contract.labels, contract.other)
                right = contract.labels.index(label)
                frames += _HOLD_FRAMES
                alone += int((np.nan_to_num(rows).argmax(axis=1) == right).sum())
                together += int((np.nan_to_num(decided).argmax(axis=1) == right).sum())
    results.note("frames of unsteady photos", frames)
    results.note("right one by one", alone)
    results.note("right if the hold decides", together)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.parse_args()
    data = Path(os.environ.get(DATA_VARIABLE, PROJECT_ROOT.parent / "shared" / "data"))
    if not (data / "straps" / "labels.csv").is_file():
        print(f"Skipped: there are no labelled recordings in {data} (set {DATA_VARIABLE}).")
        return
    other = load_shared(PROJECT_ROOT / "params.yaml").labels.other
    photos = [
        (data / folder / row["filename"], row["label"])
        for folder in ("straps", "straps_real")
        for row in read_rows(data / folder / "labels.csv")
        if row["label"] != other and not kept_for_the_end(row["filename"])
    ]
    clips = [
        data / "calisthenics" / row["filename"]
        for row in read_rows(data / "calisthenics" / "segments.csv")
        if not kept_for_the_end(row["filename"])
    ]
    results = Results(f"{len(clips)} clips, {len(photos)} photos and their mirror images")
    holds(photos, results)
    looks(clips, results)
    results.print()


if __name__ == "__main__":
    console.run(main)
