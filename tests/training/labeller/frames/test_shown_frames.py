"""The choice of shown frames."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.labeller.frames.shown_frames import ShownFrames


def shown_of(pts_s: list[float], skip_s: float) -> list[int]:
    frames = ShownFrames(skip_s)
    return [number for number, seconds in enumerate(pts_s) if frames.shows(seconds)]


@pytest.mark.parametrize(
    ("pts_s", "skip_s", "expected"),
    [
        pytest.param([0.0], 1, [0], id="a single frame"),
        pytest.param([0.0, 0.4, 0.8], 1, [0], id="shorter than a step"),
        pytest.param([0, 0.5, 1.0, 1.5, 2.0], 1, [0, 2, 4], id="frames at the steps"),
        pytest.param([0, 0.9, 1.1, 5.0, 5.1, 6.2, 6.3], 1, [0, 2, 3, 5], id="a pause, shown once"),
        pytest.param([0.2 * k for k in range(7)], 0.2, list(range(7)), id="rounded times"),
        pytest.param(
            [float(Fraction(1001 * k, 30000)) for k in range(61)], 1, [0, 30, 60], id="29.97"
        ),
    ],
)
def test_shown_frames_follow_the_true_times(
    pts_s: list[float], skip_s: float, expected: list[int]
) -> None:
    """The first frame at or after each step is shown."""
    assert shown_of(pts_s, skip_s) == expected


@given(
    st.lists(st.floats(0.001, 3.0), min_size=1, max_size=200),
    st.floats(0.05, 10.0),
)
def test_every_step_has_its_first_frame(gaps_s: list[float], skip_s: float) -> None:
    """Whatever the timing of a recording, no step is skipped and none has two frames."""
    pts_s = [sum(gaps_s[:count]) for count in range(len(gaps_s) + 1)]
    shown = shown_of(pts_s, skip_s)
    expected = {
        next((i for i, seconds in enumerate(pts_s) if seconds >= k * skip_s - 1e-6), None)
        for k in range(int(pts_s[-1] / skip_s) + 2)
    }
    assert set(shown) == expected - {None}
    assert shown == sorted(set(shown))
