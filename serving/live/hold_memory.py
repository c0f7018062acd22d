"""The landmarks of the last frames of a camera, so that a hold can be scored when it ends."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import empty_landmarks
from shared_features.params import ScoringParams
from shared_features.scoring.holds import HoldScore, score_hold

# Five minutes at 30 frames per second, 6 MB; of a longer hold, the last part is scored.
_MOST_FRAMES = 9000


class HoldMemory:
    """Remembers landmarks frame by frame.

    Args:
        params: Code of points, and when there are none.
    """

    def __init__(self, params: ScoringParams) -> None:
        self._params = params
        self._frames: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=_MOST_FRAMES)
        self._nobody = empty_landmarks(1)[0][0]

    def add(self, time_s: float, image: NDArray[np.float32] | None) -> None:
        """Remember a frame.

        Args:
            time_s: When it was taken, later than the previous frame.
            image: ``(33, 5)`` image landmarks; None without a person.
        """
        self._frames.append((time_s, self._nobody if image is None else image))

    def score(self, label: str, start_s: float, end_s: float, aspect: float) -> HoldScore:
        """The score of a hold that has ended; frames before its end are forgotten.

        Args:
            label: The pose.
            start_s: Time of its first frame.
            end_s: Time of its end.
            aspect: Width over height of the frames.
        """
        held = [(time_s, image) for time_s, image in self._frames if start_s <= time_s < end_s]
        while self._frames and self._frames[0][0] < end_s:
            self._frames.popleft()
        image = np.stack([image for _, image in held]) if held else empty_landmarks(0)[0]
        pts_s = np.array([time_s for time_s, _ in held])
        return score_hold(label, image, pts_s, end_s - start_s, aspect, self._params)
