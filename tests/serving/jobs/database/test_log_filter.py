"""The log of a service does not fill the disk while its database is away."""

import logging
import sys

from serving.jobs.database.log_filter import LogFilter

PLACES = (715, 848)
MINUTES = 3


def outage(line: int, second: float) -> logging.LogRecord:
    """What DBOS logs about a lost database, with a traceback in its text or beside it."""
    try:
        raise ConnectionError("(psycopg.OperationalError) connection refused")
    except ConnectionError:
        error = sys.exc_info()
    text = "Traceback (most recent call last):\n  File\npsycopg.OperationalError: %s at %s"
    args = ("refused", second)
    return logging.LogRecord("dbos", logging.WARNING, "queue.py", line, text, args, error)


def test_an_outage_takes_a_line_a_minute() -> None:
    """Of each place in the code, with the reason in it; anything else is logged as it is."""
    now_s = 0.0
    log_filter = LogFilter("check", lambda: now_s)
    kept = []
    for second in range(MINUTES * 60):
        now_s = float(second)
        records = [outage(line, second) for line in PLACES]
        kept += [record for record in records if log_filter.filter(record)]
    assert len(kept) == MINUTES * len(PLACES)
    for record in kept:
        text = logging.Formatter().format(record)
        assert "\n" not in text
        assert "refused" in text
    other = logging.LogRecord("dbos", logging.ERROR, "queue.py", 715, "a\nb", (), None)
    assert log_filter.filter(other)
    assert logging.Formatter().format(other) == "a\nb"


def test_a_deleted_job_is_not_mentioned() -> None:
    """Whatever is said about it."""
    log_filter, job_id = LogFilter("check"), "0123456789abcdef" * 2
    record = logging.LogRecord("dbos", logging.ERROR, "a.py", 1, f"{job_id} failed", (), None)
    assert log_filter.filter(record)
    log_filter.add_removed(job_id)
    assert not log_filter.filter(record)
