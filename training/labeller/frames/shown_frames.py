"""Chooses the frames of a video that the page shows."""

from math import floor

# Presentation times are whole ticks of the file's clock, and multiples of the step are rounded
# binary fractions, so the two are compared with a tolerance.
TIME_TOLERANCE_S = 1e-6


class ShownFrames:
    """Decides, frame by frame in presentation order, which frames of a video are shown.

    The first frame at or after 0, 1, 2, … steps is shown. A frame that is the first one for several
    steps (a recording may pause) is shown once. The last frame of a video is always shown as well;
    adding it is up to the caller, who is the first to know which one it is.

    Args:
        skip_seconds: length of a step.
    """

    def __init__(self, skip_seconds: float) -> None:
        self._skip_s = skip_seconds
        self._next_step = 0

    def shows(self, pts_s: float) -> bool:
        """Whether to show the next frame, given its presentation time.

        >>> frames = ShownFrames(skip_seconds=5)
        >>> [second for second in range(23) if frames.shows(second)]
        [0, 5, 10, 15, 20]
        """
        if pts_s + TIME_TOLERANCE_S < self._next_step * self._skip_s:
            return False
        self._next_step = floor((pts_s + TIME_TOLERANCE_S) / self._skip_s) + 1
        return True
