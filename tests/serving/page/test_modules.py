"""Modules of the page by themselves, in the browser they are made for."""

from typing import Any

import pytest
from playwright.sync_api import Page

POSE = {"label": "l-hang", "hold_s": 2.0, "capture_s": 10.0}
CLOCK = """async ([answers, now_ms, stop]) => {
    const { HoldClock } = await import('/web/live/hold_clock.js');
    const clock = new HoldClock(0.5);
    for (const answer of answers) clock.hear(answer);
    return stop ? clock.stop() : clock.at(now_ms);
}"""


@pytest.mark.parametrize(
    ("answers", "now_s", "shown_s"),
    [
        pytest.param([], 10.0, None, id="nothing heard"),
        pytest.param([POSE], 10.0, 2.0, id="at the answer"),
        pytest.param([POSE], 10.2, 2.2, id="ticks on"),
        pytest.param([POSE], 15.0, 2.5, id="stands still without answers"),
        pytest.param([POSE, POSE | {"hold_s": None}], 10.1, None, id="ended"),
    ],
)
def test_the_hold_clock_never_shows_what_was_not_held(
    page: Page, answers: list[dict[str, Any]], now_s: float, shown_s: float | None
) -> None:
    """It ticks between answers, stops without them, and ends with the hold."""
    assert page.evaluate(CLOCK, [answers, now_s * 1000, False]) == pytest.approx(shown_s)


def test_a_hold_that_is_cut_off_counts_as_far_as_it_was_seen(page: Page) -> None:
    """From its first frame to the last answer."""
    assert page.evaluate(CLOCK, [[POSE], 0, True]) == {
        "label": "l-hang",
        "start_s": 8,
        "end_s": 10,
        "duration_s": 2,
    }


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00.0"), (59.96, "1:00.0"), (61.25, "1:01.3"), (600, "10:00.0")]
)
def test_times_are_read_as_minutes_and_seconds(page: Page, seconds: float, words: str) -> None:
    """Rounded once, so that no minute has sixty seconds."""
    read = "async (s) => (await import('/web/shared/words.js')).clock(s)"
    assert page.evaluate(read, seconds) == words
