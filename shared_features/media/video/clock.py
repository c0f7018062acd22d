"""The clock of a video: presentation times in its own unit, counted from its first frame.

Nothing multiplies an index by a frame rate. On the variable-rate clips that phones make, that is
wrong by up to a second.
"""

from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_DEFAULT_TIME_BASE = Fraction(1, 90_000)
_DEFAULT_FPS = Fraction(25)
# A clock that moves further than this between two frames, in seconds and in steps between earlier
# frames, or back by more than this, has jumped.
_LEAST_JUMP_S, _LEAST_JUMP_STEPS = 10, 10
_LEAST_JUMP_BACK_S = 1
# The first frames show how far apart frames are in this video.
_FIRST_FRAMES = 5


class Clock:
    """Converts between a video's own ticks and seconds since its first frame.

    Args:
        stream: The video stream.
        first: Its first frame, or the time of that in ticks.

    Attributes:
        time_base: Length of a tick in seconds.
        start: Time of the first frame in ticks, as the file states it.
        usual_duration: Usual duration of a frame in ticks, at least 1.
    """

    def __init__(self, stream: VideoStream, first: VideoFrame | int) -> None:
        self.time_base = stream.time_base or _DEFAULT_TIME_BASE
        rate = stream.average_rate or _DEFAULT_FPS
        self.usual_duration = max(1, round(1 / (rate * self.time_base)))
        self.start = first if isinstance(first, int) else _stated(first) or 0

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

    Where the file's clock jumps, as when recordings are joined or a dash cam pauses, the time in
    between is left out: the next frame follows as closely as the frames before did.

    Attributes:
        repaired: Number of frames whose time was missing or did not rise. Such a frame is placed
            the usual duration after the one before it.
        jumps: Indices of the frames before which the clock jumped.
        left_out: Ticks left out at each jump; negative where the clock jumped back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: int | None = None
        self._index = -1
        # Added to the times that the file states, since the last jump.
        self._shift = 0
        self._step = self._longest_step = clock.usual_duration
        self._least_jump = round(_LEAST_JUMP_S / clock.time_base)
        self._least_jump_back = round(_LEAST_JUMP_BACK_S / clock.time_base)
        self.repaired = 0
        self.jumps: list[int] = []
        self.left_out: list[int] = []

    def next(self, frame: VideoFrame) -> int:
        """Ticks from the first frame to this one, which follows the last one given."""
        return self.next_stated(self._clock.ticks(frame))

    def next_stated(self, ticks: int | None) -> int:
        """The same for a frame that is stated to come at ``ticks``; None if that is unknown."""
        self._index += 1
        if self._last is None:
            self._last = 0
            return 0
        step = 0 if ticks is None else ticks + self._shift - self._last
        if self._is_jump(step):
            self.jumps.append(self._index)
            self.left_out.append(step - self._step)
            self._shift += self._step - step
            step = self._step
        elif step <= 0:
            self.repaired += 1
            step = self._clock.usual_duration
        else:
            self._step, self._longest_step = step, max(step, self._longest_step)
        self._last += step
        return self._last

    def _is_jump(self, step: int) -> bool:
        if step < -self._least_jump_back:
            return True
        # In a slide show, frames are always far apart, whatever the header says.
        longest = max(self._least_jump, _LEAST_JUMP_STEPS * self._longest_step)
        return self._index > _FIRST_FRAMES and step > longest


def _stated(frame: VideoFrame) -> int | None:
    return frame.pts if frame.pts is not None else frame.dts
