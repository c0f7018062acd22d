"""What clients do cannot fill the log."""

import logging

from serving.observability.flood import FloodFilter
from serving.observability.logs import TextFormatter


def record(level: int, name: str, message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord(name, level, "a.py", 1, message, args, None)


def test_a_warning_that_comes_again_and_again_is_counted() -> None:
    """Sixty a minute are logged, whatever their arguments; then it is said how many were not."""
    now_s = 0.0
    flood = FloodFilter(lambda: now_s)
    kept = []
    for number in range(3000):
        now_s = number / 20  # two and a half minutes
        found = record(logging.WARNING, "uvicorn.error", "Invalid request from %s", number)
        if flood.filter(found):
            kept.append(found.getMessage())
    assert len(kept) == 180
    assert kept[60] == "Invalid request from 1200 (1140 more like this were left out)"
    assert sum("left out" in text for text in kept) == 2


def test_what_the_service_says_of_itself_is_always_logged() -> None:
    """A flood of one message does not hide another one, either."""
    flood = FloodFilter(lambda: 0.0)
    for _ in range(500):
        assert flood.filter(record(logging.INFO, "serving.jobs", "done"))
        flood.filter(record(logging.INFO, "uvicorn.error", "connection open"))
    assert not flood.filter(record(logging.INFO, "uvicorn.error", "connection open"))
    assert flood.filter(record(logging.WARNING, "uvicorn.error", "Unsupported upgrade request."))


def test_a_message_is_one_line() -> None:
    """Whatever is in it; a name with a line break forges no second record."""
    text = TextFormatter().format(record(logging.WARNING, "a", "got %s\n", "x\r\n2026 INFO a: b"))
    assert "\n" not in text
    assert text.endswith(r"got x\r\n2026 INFO a: b")
