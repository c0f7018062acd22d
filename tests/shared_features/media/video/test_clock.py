"""Times are the file's own, count from the first frame, and strictly rise."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from shared_features.media.video.clock import Clock, RisingTicks


def frame(pts: int | None, dts: int | None = None, duration: int | None = None) -> Any:
    """The times of a decoded frame."""
    return SimpleNamespace(pts=pts, dts=dts, duration=duration)


def stream(time_base: Fraction | None, average_rate: Fraction | None) -> Any:
    """The times of a video stream."""
    return SimpleNamespace(time_base=time_base, average_rate=average_rate)


def test_times_count_from_the_first_frame() -> None:
    """In ticks of the file, and in seconds."""
    clock = Clock(stream(Fraction(1, 600), Fraction(30)), frame(1200))
    assert (clock.start, clock.start_s, clock.usual_duration) == (1200, 2, 20)
    assert clock.ticks(frame(1500)) == 300
    assert clock.seconds(300) == 0.5
    assert clock.ticks(frame(None, dts=1800)) == 600
    assert clock.ticks(frame(None)) is None


@pytest.mark.parametrize(
    ("first", "start"),
    [(frame(5, dts=3), 5), (frame(None, dts=3), 3), (frame(None), 0), (frame(0, dts=-2), 0)],
    ids=["pts", "dts", "neither", "zero"],
)
def test_the_first_frame_starts_the_clock(first: Any, start: int) -> None:
    """Its presentation time, or else its decoding time."""
    assert Clock(stream(Fraction(1, 25), Fraction(25)), first).start == start


def test_a_file_that_says_nothing_has_usual_values() -> None:
    """25 frames per second, in units of 1/90,000 s."""
    clock = Clock(stream(None, None), frame(0))
    assert (clock.time_base, clock.usual_duration) == (Fraction(1, 90_000), 3600)


def test_a_frame_lasts_as_long_as_it_says_or_as_usual() -> None:
    """Never shorter than a tick, however coarse the unit."""
    clock = Clock(stream(Fraction(1), Fraction(30)), frame(0))
    assert clock.usual_duration == 1
    assert clock.duration(frame(0, duration=7)) == 7
    assert clock.duration(frame(0, duration=0)) == 1
    assert clock.duration(frame(0)) == 1


@pytest.mark.parametrize(
    ("pts", "expected", "repaired"),
    [
        ([100, 110, 125, 126], [0, 10, 25, 26], 0),
        ([100, 110, 110, 140], [0, 10, 14, 40], 1),
        ([100, 110, 105, 113], [0, 10, 14, 18], 2),
        ([100, None, 120], [0, 4, 20], 1),
        ([None, None, None], [0, 4, 8], 2),
    ],
    ids=["rising", "repeated", "falling", "missing", "none at all"],
)
def test_times_strictly_rise(pts: list[int | None], expected: list[int], repaired: int) -> None:
    """A frame without a usable time comes the usual duration after the one before it."""
    frames = [frame(value) for value in pts]
    times = RisingTicks(Clock(stream(Fraction(1, 100), Fraction(25)), frames[0]))
    assert [times.next(item) for item in frames] == expected
    assert times.repaired == repaired


@pytest.mark.parametrize(
    ("pts", "expected", "jumps", "left_out"),
    [
        ([0, 4, 8, 12, 16, 20, 2000, 2004], [0, 4, 8, 12, 16, 20, 24, 28], [6], [1976]),
        ([500, 504, 508, 100, 104], [0, 4, 8, 12, 16], [3], [-412]),
        ([500, 504, 508, 408, 412], [0, 4, 8, 12, 16], [], []),
        ([0, 4, 2000, 2004], [0, 4, 2000, 2004], [], []),
        ([0, 4, 8, 12, 16, 20, 1020, 1024], [0, 4, 8, 12, 16, 20, 1020, 1024], [], []),
        ([0, 4, 8, 12, 16, 20, 1021, 1025], [0, 4, 8, 12, 16, 20, 24, 28], [6], [997]),
        (
            [0, 200, 400, 600, 800, 1000, 3000, 5001],
            [0, 200, 400, 600, 800, 1000, 3000, 5001],
            [],
            [],
        ),
        (
            [0, 4, 8, 12, 16, 20, 9000, 9004, 100, 104],
            [0, 4, 8, 12, 16, 20, 24, 28, 32, 36],
            [6, 8],
            [8976, -8908],
        ),
    ],
    ids=[
        *("forward", "back", "back by a second", "too early to tell", "ten seconds"),
        *("more than ten seconds", "frames far apart", "twice"),
    ],
)
def test_a_clock_that_jumps_is_bridged(
    pts: list[int], expected: list[int], jumps: list[int], left_out: list[int]
) -> None:
    """The frame after it follows as closely as the frames before did."""
    times = RisingTicks(Clock(stream(Fraction(1, 100), Fraction(25)), pts[0]))
    assert [times.next(frame(value)) for value in pts] == expected
    assert (times.jumps, times.left_out) == (jumps, left_out)
