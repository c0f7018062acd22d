"""The clock of a video: presentation times in its own unit, counted from its first frame.

Nothing multiplies an index by a frame rate. On the variable-rate clips that phones make, that is
wrong by up to a second.
"""

from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_DEFAULT_TIME_BASE = Fraction(1, 90_000)
_DEFAULT_FPS = Fraction(25)


class Clock:
    """Converts between a video's own ticks and seconds since its first frame.

    Args:
        stream: The video stream.
        first: Its first frame.

    Attributes:
        time_base: Length of a tick in seconds.
        start: Time of the first frame in ticks, as the file states it.
        usual_duration: Usual duration of a frame in ticks, at least 1.
    """

    def __init__(self, stream: VideoStream, first: VideoFrame) -> None:
        self.time_base = stream.time_base or _DEFAULT_TIME_BASE
        rate = stream.average_rate or _DEFAULT_FPS
        self.usual_duration = max(1, round(1 / (rate * self.time_base)))
        self.start = _stated(first) or 0

    @property
    def start_s(self) -> Fraction:
        """Time of the first frame in seconds, as the file states it."""
        return self.start * self.time_base

    def ticks(self, frame: VideoFrame) -> int | None:
        """Ticks from the first frame to this one; None when the file does not say."""
        stated = _stated(frame)
        return None if stated is None else stated - self.start

    def duration(self, frame: VideoFrame) -> int:
        """Ticks that a frame is shown for."""
        return frame.duration or self.usual_duration

    def seconds(self, ticks: int) -> float:
        """Ticks in seconds."""
        return float(ticks * self.time_base)


class RisingTicks:
    """Times of consecutive frames that start at 0 and strictly rise, whatever the file says.

    Attributes:
        repaired: Number of frames whose time was missing or did not rise. Such a frame is placed
            the usual duration after the one before it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: int | None = None
        self.repaired = 0

    def next(self, frame: VideoFrame) -> int:
        """Ticks from the first frame to this one, which follows the last one given."""
        ticks = self._clock.ticks(frame)
        if self._last is None:
            ticks = 0
        elif ticks is None or ticks <= self._last:
            self.repaired += 1
            ticks = self._last + self._clock.usual_duration
        self._last = ticks
        return ticks


def _stated(frame: VideoFrame) -> int | None:
    return frame.pts if frame.pts is not None else frame.dts
