"""Generated landmarks of whole bodies, for which a model has a prediction."""

import numpy as np

from shared_features.landmarks.in_view import in_view
from training.synthetic.samples import LandmarkSamples, landmark_groups


def bodies_in_view(count: int) -> LandmarkSamples:
    """Samples of one image size, with all of the body in view."""
    samples = landmark_groups(3, 0, 60)
    aspect = samples.width / samples.height
    whole = in_view(samples.image, float(aspect[0])) & (aspect == aspect[0])
    rows = np.flatnonzero(whole)[:count]
    assert len(rows) == count
    return samples.rows(rows)
