"""A session's rate."""

import asyncio

import pytest

from serving.live import pace


def test_work_beyond_a_burst_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst passes at once; then one turn per interval; a rest allows the next burst."""
    now_s, slept_s = [100.0], list[float]()

    async def sleep(seconds: float) -> None:
        if seconds > 1e-6:  # the sum of ten intervals is rounded
            slept_s.append(round(seconds, 6))
        now_s[0] += seconds

    monkeypatch.setattr(pace.time, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(pace.asyncio, "sleep", sleep)

    async def turns(count: int) -> None:
        for _ in range(count):
            await limited.wait()

    limited = pace.Pace(40)
    asyncio.run(turns(13))
    assert slept_s == pytest.approx([0.025] * 3)
    now_s[0] += 10
    asyncio.run(turns(10))
    assert len(slept_s) == 3
