"""Whether a picture shows all of the body that a pose needs.

The pose network always returns a whole body. Of a hang that is cut off at the thighs it invents the
legs, and the pose that they would make. What is invented gives itself away: it lies outside the
picture, close to its edge, or is of low visibility and presence. A logistic regression weighs these
for the head and each pair of joints; ``python -m benchmarks.half_bodies`` fits and judges it on
generated performers.

Pure numpy; the definition is the same for photos, videos and live sessions, and in the mirror.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX, PRESENCE, VISIBILITY, X, Y

# Head (nose, ears, eyes), then each pair of joints.
PARTS: tuple[tuple[str, ...], ...] = (
    ("NOSE", "LEFT_EAR", "RIGHT_EAR", "LEFT_EYE", "RIGHT_EYE"),
    *(
        (f"LEFT_{joint}", f"RIGHT_{joint}")
        for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
    ),
)
# For each part the weights of: the most and the least certain landmark (log-odds of visibility
# times presence, which count as 0 outside the picture), and the landmarks nearest to and farthest
# from the picture's edge (in multiples of the longer side of the body's box; negative outside).
WEIGHTS = np.array(
    [
        [-0.10, 0.26, 14.47, 9.10],  # head
        [0.03, 0.13, 15.81, 11.39],  # shoulders
        [0.36, 0.11, 13.20, -0.16],  # elbows
        [0.16, 0.07, 16.22, 2.55],  # wrists
        [-0.02, 0.01, 8.47, -3.60],  # hips
        [0.12, -0.07, 8.34, -0.56],  # knees
        [0.22, 0.13, 7.88, 1.72],  # ankles
    ]
)
BIAS = -12.56
# Below this probability, not all of the body is in view.
LEAST_PROBABILITY = 0.25

_INDICES = [np.array([LANDMARK_INDEX[name] for name in part]) for part in PARTS]
_JOINTS = np.concatenate(_INDICES[1:])
_LEAST_CERTAINTY, _MOST_CERTAINTY = 0.01, 0.99
_FARTHEST = 0.1


def in_view(image: NDArray[Any], aspect: float) -> NDArray[np.bool_]:
    """Whether all of the body that a pose needs is in view, ``(n,)``; false without a person.

    Args:
        image: ``(n, 33, 5)`` image landmarks. Where visibility or presence are missing, only the
            position decides.
        aspect: Width / height of the frame.
    """
    log_odds = np.tensordot(view_evidence(image, aspect), WEIGHTS, axes=2) + BIAS
    least = np.log(LEAST_PROBABILITY / (1 - LEAST_PROBABILITY))
    with np.errstate(invalid="ignore"):
        enough: NDArray[np.bool_] = log_odds >= least
    return enough


def view_evidence(image: NDArray[Any], aspect: float) -> NDArray[np.float64]:
    """What ``WEIGHTS`` apply to, ``(n, 7, 4)``; NaN without a person. Arguments as above."""
    x, y = image[..., X].astype(np.float64), image[..., Y].astype(np.float64)
    inside = np.minimum(np.minimum(x, 1 - x) * aspect, np.minimum(y, 1 - y))
    certain = np.nan_to_num(image[..., VISIBILITY].astype(np.float64), nan=1.0)
    certain *= np.nan_to_num(image[..., PRESENCE].astype(np.float64), nan=1.0)
    certain[inside < 0] = 0.0
    certain = certain.clip(_LEAST_CERTAINTY, _MOST_CERTAINTY)
    log_odds = np.log(certain / (1 - certain))
    spans = np.ptp(x[:, _JOINTS], axis=1) * aspect, np.ptp(y[:, _JOINTS], axis=1)
    box = np.maximum(np.maximum(*spans), 1e-9)
    inside = (inside / box[:, None]).clip(-_FARTHEST, _FARTHEST)
    parts = []
    for indices in _INDICES:
        seen, off = log_odds[:, indices], inside[:, indices]
        parts.append([seen.max(axis=1), seen.min(axis=1), off.min(axis=1), off.max(axis=1)])
    return np.array(parts).transpose(2, 0, 1)
