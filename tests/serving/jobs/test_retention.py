"""Retention removes the oldest videos, only as many as needed, and none that is watched."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.jobs import upkeep
from serving.jobs.retention import DAY_S, WATCHED_FOR_S, KeptJob, expired
from serving.settings import GIBIBYTE
from serving.storage.folder_size import folder_bytes
from tests.serving.jobs.instant import open_queue, replace_work, settings_in, settled, submit
from tests.waiting import wait_for

NOW_S = 1_000 * DAY_S


@st.composite
def kept(draw: st.DrawFn) -> list[KeptJob]:
    count = draw(st.integers(0, 12))
    ages = draw(st.lists(st.integers(0, 60), min_size=count, max_size=count))
    watched = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    sizes = draw(st.lists(st.integers(1, 100), min_size=count, max_size=count))
    return [
        KeptJob(f"{i:02}", NOW_S - age * DAY_S, NOW_S - (1 if seen else 2 * WATCHED_FOR_S), size)
        for i, (age, seen, size) in enumerate(zip(ages, watched, sizes, strict=True))
    ]


@given(kept(), st.integers(0, 50), st.none() | st.integers(1, 90), st.none() | st.integers(0, 900))
def test_what_is_removed(
    jobs: list[KeptJob], unfinished: int, keep_days: int | None, max_bytes: int | None
) -> None:
    """Old ones go, then the oldest until the size fits; without limits, nothing does."""
    removed = expired(jobs, unfinished, NOW_S, keep_days, max_bytes)
    by_id = {job.id: job for job in jobs}
    idle = [job for job in jobs if NOW_S - job.watched_s >= WATCHED_FOR_S]
    stays = [job for job in idle if job.id not in removed]
    assert {job.id for job in idle} >= set(removed)
    assert [by_id[i].created_s for i in removed] == sorted(by_id[i].created_s for i in removed)
    old = {j.id for j in idle if keep_days and NOW_S - j.created_s > keep_days * DAY_S}
    assert old <= set(removed)
    assert all(by_id[i].created_s <= job.created_s for i in removed for job in stays)
    total = unfinished + sum(job.size_bytes for job in jobs if job.id not in removed)
    if max_bytes is None:
        assert set(removed) == old
    elif stays:
        assert total <= max_bytes
    elif removed and removed[-1] not in old:
        assert total + by_id[removed[-1]].size_bytes > max_bytes


def test_old_videos_are_removed_and_watched_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue with a limit of size: of eight videos the oldest go, the one in use excepted."""
    replace_work(monkeypatch)
    monkeypatch.setattr(upkeep, "_ORPHANS_INTERVAL_S", 0.0)
    settings = settings_in(tmp_path)
    with open_queue(settings) as jobs:
        ids = [submit(jobs, settings.serving.data_dir, b"v" * 1000) for _ in range(8)]
        for job_id in ids:
            settled(jobs, job_id)
        size = folder_bytes(settings.serving.data_dir / "jobs" / ids[0])
    for job_id in ids[1:]:
        (settings.serving.data_dir / "jobs" / job_id / ".watched").unlink()
    limit_gb = 3.5 * size / GIBIBYTE
    limited = settings.serving.model_copy(update={"max_data_gb": limit_gb})
    with open_queue(replace(settings, serving=limited)) as jobs:
        wait_for(lambda: len(jobs.all()) == 3)
        assert {job.id for job in jobs.all()} == {ids[0], *ids[-2:]}
        assert jobs.counts()["done"] == 3
