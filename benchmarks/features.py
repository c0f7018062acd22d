"""Features and classification of single frames and of many, without reading any video."""

import time

import numpy as np

from shared_features.classifier import PoseClassifier
from shared_features.params import PROJECT_ROOT

N_FRAMES = 200_000
N_SINGLE = 3000


def main() -> None:
    """Measure and print."""
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
    print(
        f"features of many frames: {np.median(bulk):,.0f} frames/s "
        f"(from {min(bulk):,.0f} to {max(bulk):,.0f}, {len(bulk)} runs)"
    )
    print(
        f"one frame: features {np.median(features_ms):.3f} ms, with classification "
        f"{np.median(both_ms):.3f} ms (medians of {N_SINGLE})"
    )


if __name__ == "__main__":
    main()
