"""Random but well-formed landmarks for property tests."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_COUNT


@st.composite
def landmarks(draw: st.DrawFn, frames: int = 3) -> tuple[NDArray[Any], NDArray[Any]]:
    """Image ``(frames, 33, 5)`` and world ``(frames, 33, 3)`` landmarks, all points apart."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    image = random.uniform(0.1, 0.9, (frames, LANDMARK_COUNT, 5)).astype(np.float32)
    world = random.normal(0.0, 0.5, (frames, LANDMARK_COUNT, 3)).astype(np.float32)
    return image, world
