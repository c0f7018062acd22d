"""Pictures that the tests of this room share: rendering them takes longer than most tests."""

import pytest

from shared_features.media.frames import RgbArray
from training.synthetic.performance import performance_frames


@pytest.fixture(scope="session")
def performer() -> list[RgbArray]:
    """Two seconds of the synthetic performer, moving into a pose and holding it; read-only."""
    pictures = [rgb for rgb, _, _ in performance_frames(seed=1, start_s=8.0, end_s=10.0)]
    for rgb in pictures:
        rgb.flags.writeable = False
    return pictures
