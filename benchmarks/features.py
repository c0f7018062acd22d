"""Features and classification of single frames and of batches, without reading a video."""

import time

import numpy as np

from benchmarks.results import Results
from shared_features.classify.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT

N_FRAMES = 200_000
N_SINGLE = 3000


def run() -> Results:
    """Time both."""
    classifier = PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")
    spec = classifier.contract.features
    random = np.random.default_rng(0)
    image = random.random((N_FRAMES, 33, 5), dtype=np.float32)
    world = random.normal(size=(N_FRAMES, 33, 3)).astype(np.float32)
    bulk = []
    for _ in range(5):
        start = time.perf_counter()
        spec.compute(image, world, 16 / 9)
        bulk.append(N_FRAMES / (time.perf_counter() - start))
    features_ms, both_ms = [], []
    for i in range(N_SINGLE):
        start = time.perf_counter()
        features = spec.compute(image[i : i + 1], world[i : i + 1], 16 / 9)
        middle = time.perf_counter()
        classifier.probabilities(features)
        features_ms.append((middle - start) * 1000)
        both_ms.append((time.perf_counter() - start) * 1000)
    results = Results(f"{N_FRAMES:,} frames at once, {N_SINGLE:,} one by one")
    results.note("features of many frames, frames per second", float(np.median(bulk)))
    results.note("features of one frame, ms", float(np.median(features_ms)))
    results.note("features and classification of one frame, ms", float(np.median(both_ms)))
    return results


def main() -> None:
    """Print the figures."""
    run().print()


if __name__ == "__main__":
    main()
