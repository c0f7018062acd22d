"""Comparisons of two analysed videos: durable, side by side, and gone with their videos."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.serving.server import VIDEOS, Server

COMPARISONS = "/api/v1/comparisons"


def compare(server: Server, reference: str, target: str, **more: Any) -> dict[str, Any]:
    given = {"reference": reference, "target": target, **more}
    reply = server.http.post(COMPARISONS, json=given)
    assert reply.status_code == 202, reply.text
    assert reply.headers["Location"] == reply.json()["links"]["self"]
    accepted: dict[str, Any] = reply.json()
    return accepted


def finished(server: Server, comparison_id: str) -> dict[str, Any]:
    def state() -> dict[str, Any]:
        reply = server.http.get(f"{COMPARISONS}/{comparison_id}")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    server.wait_for(lambda: state()["status"] in ("done", "failed"))
    return state()


def test_two_takes_are_shown_in_step(start: Callable[..., Server], clip: Path) -> None:
    """The answer survives a kill; video, splits and curve cover the reference; all goes at last."""
    server = start()
    reference, target = (server.submit(clip, name) for name in ("may.mp4", "june.mp4"))
    for job_id in (reference, target):
        assert server.finished(job_id)["status"] == "done"
    accepted = compare(server, reference, target, splits=[0.5, 1.5])
    server.kill()
    server.start()
    done = finished(server, accepted["id"])
    assert done["status"] == "done", done["problem"]
    assert (done["reference_source"], done["target_source"]) == ("may.mp4", "june.mp4")
    result = server.http.get(done["links"]["result"]).json()
    assert result["same_routine"] is True
    assert [split["target_s"] for split in result["splits"]] == pytest.approx([0.5, 1.5], abs=0.1)
    assert result["pose_difference_deg"] == pytest.approx(0, abs=0.1)
    curve = result["curve"]
    assert len({len(values) for values in curve.values()}) == 1
    assert np.abs(np.array(curve["late_s"], float)).max() <= 0.1
    table = server.http.get(done["links"]["splits"]).text
    assert table.splitlines()[0].startswith("number,reference_s,target_s,late_s")
    video = server.http.get(done["links"]["video"])
    with av.open(io.BytesIO(video.content)) as file:
        frames = [frame.time for frame in file.decode(video=0)]
        assert file.streams.video[0].width > file.streams.video[0].height
    assert len(frames) == 60
    server.http.delete(f"{VIDEOS}/{target}")
    assert server.http.get(done["links"]["self"]).status_code == 404
    server.wait_for(lambda: not any((server.data / "comparisons").iterdir()))


def test_what_cannot_be_compared_is_said(kept: tuple[Server, str]) -> None:
    """A problem document for each; nothing is queued."""
    server, job_id = kept
    for given, status, words in (
        ({"reference": job_id, "target": job_id}, 422, "the same video"),
        ({"reference": job_id, "target": "0" * 32}, 404, "There is no video"),
        ({"reference": job_id}, 422, "target"),
        ({"reference": job_id, "target": job_id, "splits": ["late"]}, 422, "splits"),
    ):
        reply = server.http.post(COMPARISONS, json=given)
        assert reply.status_code == status
        assert reply.headers["content-type"] == "application/problem+json"
        assert words in reply.text
    assert server.http.get(COMPARISONS).json() == {"comparisons": []}


def test_splits_must_rise_within_the_reference(kept: tuple[Server, str], clip: Path) -> None:
    """All problems at once."""
    server, job_id = kept
    other = server.submit(clip)
    assert server.finished(other)["status"] == "done"
    given = {"reference": job_id, "target": other, "splits": [1.0, 0.5, 99.0]}
    reply = server.http.post(COMPARISONS, json=given)
    assert reply.status_code == 422
    assert "0.5 s does not come after 1 s" in reply.text
    assert "99 s is not within the reference" in reply.text
