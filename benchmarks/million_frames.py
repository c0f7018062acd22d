"""Time and memory of features and predictions of a million frames.

``python -m benchmarks.million_frames [MODEL]`` prints the processor time of each step, peak
memory, and the time that a loop over single frames would take (estimated from a thousand frames).
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from shared_features.classify.classifier import PoseClassifier
from training.synthetic.samples import generate_landmarks

_FRAMES = 1_000_000
_BLOCK = 20_000
_SINGLE = 1_000


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?", type=Path, default=Path("models/pose_classifier.onnx"))
    classifier = PoseClassifier(parser.parse_args().model)
    samples = generate_landmarks(_BLOCK, seed=0)
    aspect = samples.width / samples.height
    compute = classifier.contract.features.compute
    image = np.tile(samples.image, (_FRAMES // _BLOCK, 1, 1))
    world = np.tile(samples.world, (_FRAMES // _BLOCK, 1, 1))
    aspect = np.tile(aspect, _FRAMES // _BLOCK)
    landmarks_mb = (image.nbytes + world.nbytes + aspect.nbytes) / 1e6
    before_mb = _peak_mb()

    start_s = time.process_time()
    features = compute(image, world, aspect)
    features_s = time.process_time() - start_s
    start_s = time.process_time()
    for block in range(0, _FRAMES, _BLOCK):
        classifier.probabilities(features[block : block + _BLOCK])
    predictions_s = time.process_time() - start_s
    start_s = time.process_time()
    for row in range(_SINGLE):
        one = slice(row, row + 1)
        classifier.probabilities(compute(image[one], world[one], aspect[one]))
    single_s = (time.process_time() - start_s) * _FRAMES / _SINGLE

    print(f"features     {features_s:7.1f} s of processor time")
    print(f"predictions  {predictions_s:7.1f} s")
    ratio = single_s / (features_s + predictions_s)
    print(f"frame by frame it would take {single_s:.0f} s ({ratio:.1f}×)")
    print(
        f"memory: {landmarks_mb:.0f} MB of landmarks and {features.nbytes / 1e6:.0f} MB of "
        f"features at once; peak {_peak_mb():.0f} MB, {before_mb:.0f} MB before the first step"
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
