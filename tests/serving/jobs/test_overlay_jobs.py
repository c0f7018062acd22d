"""The overlay follows a finished analysis, even if the process is killed or the job deleted."""

import io
import json
import shutil
import sqlite3
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import yaml
from PIL import Image
from playwright.sync_api import sync_playwright

from serving.exports.files import ANGLES_FILE
from serving.overlay.drawer import NICENESS
from serving.storage.job_record import RECORD_FILE
from shared_features.media.video.writer import VideoWriter
from shared_features.params import PROJECT_ROOT
from tests.serving.conftest import CLIP_FRAMES, FRAMES_PER_SECOND, Start
from tests.serving.overlay_clips import add_audio
from tests.serving.server import PATIENCE_S, VIDEOS, Server

# Slow enough to interrupt.
SLOW = {"preset": "veryslow"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    "--autoplay-policy=no-user-gesture-required",
]
SEEKS_S = (2.0, 0.5, 1.48)
PLAY_AND_SEEK = """
async (address) => {
    const video = document.createElement("video");
    video.src = address;
    const shown = (event) => new Promise((resolve, reject) => {
        video.addEventListener(event, resolve, { once: true });
        video.addEventListener("error", () => reject(new Error(video.error.message)));
    });
    await shown("loadeddata");
    const seeks = [];
    for (const time of [2.0, 0.5, 1.48]) {
        const done = shown("seeked");
        video.currentTime = time;
        await done;
        seeks.push([video.currentTime, video.readyState]);
    }
    video.currentTime = 0;
    await video.play();
    await shown("timeupdate");
    await shown("timeupdate");
    const size = [video.videoWidth, video.videoHeight];
    return { size, duration: video.duration, seeks, played: video.currentTime };
}
"""


def overlay_status(server: Server, job_id: str) -> str | None:
    overlay = server.job(job_id)["overlay"]
    return overlay and str(overlay["status"])


def drawn(server: Server, job_id: str) -> dict[str, object]:
    """Wait until a job's overlay is ready or has failed; returns the job."""
    server.wait_for(lambda: overlay_status(server, job_id) in ("ready", "failed"))
    return server.job(job_id)


def drawing_processes(server: Server) -> list[psutil.Process]:
    """Of the service's worker processes, those with the lower priority of drawing."""
    service = psutil.Process(server.pid)
    lower = min(service.nice() + NICENESS, 19)
    return [child for child in service.children(recursive=True) if _niceness(child) == lower]


def _niceness(process: psutil.Process) -> int | None:
    """None when the process has just ended."""
    try:
        return int(process.nice())
    except psutil.NoSuchProcess:
        return None


def count_frames(content: bytes) -> int:
    with av.open(io.BytesIO(content), "r") as container:
        return len(list(container.decode(video=0)))


@pytest.fixture(scope="module")
def large_clip(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Path:
    """The clip at four times the width and height: drawing and encoding it takes a while."""
    path = tmp_path_factory.mktemp("clips") / "large.mp4"
    with av.open(str(clip), "r") as source, VideoWriter(path, 1280, 960) as writer:
        for frame in source.decode(video=0):
            assert frame.time is not None
            rgb = frame.reformat(1280, 960, "rgb24").to_ndarray()
            writer.write(rgb.astype(np.uint8), frame.time)
    return path


def set_overlay(server: Server, **changes: object) -> None:
    """Change settings of the overlay, for the next start."""
    params = yaml.safe_load(server.params.read_text(encoding="utf-8"))
    params["serving"]["overlay"] |= changes
    server.params.write_text(yaml.safe_dump(params), encoding="utf-8")


def test_a_finished_job_gets_its_overlay_and_images(server: Server, clip: Path) -> None:
    """Null before the timeline is ready, then a status, then links that all work."""
    job_id = server.submit(clip, "my routine.mp4")
    assert server.job(job_id)["overlay"] is None
    early = server.http.get(f"{VIDEOS}/{job_id}/overlay.mp4")
    assert (early.status_code, early.headers["retry-after"]) == (409, "2")
    job = server.finished(job_id)
    assert job["overlay"]["status"] in ("waiting", "rendering", "ready")
    assert {"timeline", "angles"} <= set(job["links"])
    job = drawn(server, job_id)
    assert job["overlay"] == {"status": "ready", "frames_done": CLIP_FRAMES, "problem": None}
    here = f"{VIDEOS}/{job_id}"
    assert job["links"] == {
        "self": here,
        "media": f"{here}/media",
        "timeline": f"{here}/timeline",
        "angles": f"{here}/angles",
        "scores": f"{here}/scores",
        "overlay": f"{here}/overlay.mp4",
        "summary": f"{here}/summary.png",
        "holds": f"{here}/holds",
    }
    reply = server.http.get(f"{here}/overlay.mp4")
    assert reply.headers["content-type"] == "video/mp4"
    assert "my%20routine_overlay.mp4" in reply.headers["content-disposition"]
    assert count_frames(reply.content) == CLIP_FRAMES
    part = server.http.get(f"{here}/overlay.mp4", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    past = server.http.get(f"{here}/overlay.mp4", headers={"Range": "bytes=99999999-"})
    assert past.status_code == 416
    summary = Image.open(io.BytesIO(server.http.get(f"{here}/summary.png").content))
    assert summary.format == "PNG"
    assert summary.height > summary.width


def test_every_hold_has_a_photo(kept: tuple[Server, str]) -> None:
    """One per hold of the timeline, in full size, taken during the hold; others are not found."""
    server, job_id = kept
    drawn(server, job_id)
    timeline = json.loads(server.timeline(job_id))
    holds = [segment for segment in timeline["segments"] if segment["hold"]]
    listed = server.http.get(f"{VIDEOS}/{job_id}/holds").json()["holds"]
    assert [hold["number"] for hold in listed] == list(range(1, len(holds) + 1))
    for hold, segment in zip(listed, holds, strict=True):
        assert {key: hold[key] for key in ("label", "start_s", "end_s")}.items() <= segment.items()
        assert segment["start_s"] <= hold["photo_s"] < segment["end_s"]
        photo = Image.open(io.BytesIO(server.http.get(hold["photo"]).content))
        media = timeline["media"]
        assert (photo.format, photo.size) == ("JPEG", (media["width"], media["height"]))
    missing = server.http.get(f"{VIDEOS}/{job_id}/holds/{len(holds) + 1}.jpg")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"


def test_every_format_is_served(kept: tuple[Server, str]) -> None:
    """By name, and by `Accept` where a format has its own media type."""
    server, job_id = kept
    types = {
        "srt": "application/x-subrip",
        "eaf": "text/x-eaf+xml; charset=utf-8",
        "landmarks": "text/csv; charset=utf-8",
    }
    for name, media_type in types.items():
        address = f"{VIDEOS}/{job_id}/timeline"
        reply = server.http.get(address, params={"format": name})
        assert (reply.status_code, reply.headers["content-type"]) == (200, media_type)
        if name != "landmarks":
            accepting = server.http.get(address, headers={"Accept": media_type.split(";")[0]})
            assert accepting.content == reply.content
        else:
            assert "video_routine_landmarks.csv" in reply.headers["content-disposition"]
            assert len(reply.content.splitlines()) == CLIP_FRAMES + 1


def test_angles_are_served(kept: tuple[Server, str]) -> None:
    """One value per joint and time."""
    server, job_id = kept
    angles = server.http.get(f"{VIDEOS}/{job_id}/angles").json()
    assert len(angles["pts_s"]) == CLIP_FRAMES
    assert "left elbow" in angles["angles"]
    assert {len(values) for values in angles["angles"].values()} == {CLIP_FRAMES}


def test_an_overlay_outlives_its_process(
    start: Start, large_clip: Path, clip: Path, overlay_params: dict[str, object]
) -> None:
    """After a kill, the drawing process exits; the next service draws the complete overlay."""
    server = start(overlay=overlay_params | SLOW)
    job_id = server.submit(large_clip)
    server.wait_for(lambda: overlay_status(server, job_id) == "rendering")
    server.wait_for(lambda: server.job(job_id)["overlay"]["frames_done"] > 0)
    (drawing,) = drawing_processes(server)
    drawing.suspend()  # half-way, until the rest has been checked
    here = f"{VIDEOS}/{job_id}"
    early = server.http.get(f"{here}/overlay.mp4")
    assert early.status_code == 409
    assert int(early.headers["retry-after"]) > 0
    assert early.headers["content-type"] == "application/problem+json"
    assert "overlay" not in server.job(job_id)["links"]
    # The next video does not wait for the drawing.
    other = server.submit(clip)
    assert server.finished(other)["status"] == "done"
    assert overlay_status(server, job_id) == "rendering"
    assert overlay_status(server, other) == "waiting"
    server.kill()
    drawing.resume()
    assert psutil.wait_procs([drawing], timeout=PATIENCE_S)[1] == []
    set_overlay(server, preset="ultrafast")
    server.start()
    assert server.job(job_id)["status"] == "done"
    whole = {"status": "ready", "frames_done": CLIP_FRAMES, "problem": None}
    assert drawn(server, job_id)["overlay"] == whole
    assert count_frames(server.http.get(f"{here}/overlay.mp4").content) == CLIP_FRAMES
    assert drawn(server, other)["overlay"] == whole
    folder = server.data / "jobs" / job_id
    assert {path.name for path in folder.iterdir() if path.name.startswith(".")} <= {".watched"}
    server.delete_all()
    assert server.leftovers() == []
    assert "Traceback" not in server.log.read_text()


def test_deleting_stops_the_drawing(
    start: Start, large_clip: Path, clip: Path, overlay_params: dict[str, object]
) -> None:
    """Drawing or waiting: when the request returns, nothing is left of the job."""
    server = start(overlay=overlay_params | SLOW)
    job_id = server.submit(large_clip)
    server.wait_for(lambda: overlay_status(server, job_id) == "rendering")
    server.wait_for(lambda: server.job(job_id)["overlay"]["frames_done"] > 0)
    (drawing,) = drawing_processes(server)
    drawing.suspend()
    waiting = server.submit(clip)
    assert server.finished(waiting)["overlay"]["status"] == "waiting"
    assert server.http.delete(f"{VIDEOS}/{waiting}").status_code == 204
    assert server.http.get(f"{VIDEOS}/{waiting}").status_code == 404
    assert not [name for name in server.leftovers() if waiting in name]
    drawing.resume()
    assert server.http.delete(f"{VIDEOS}/{job_id}").status_code == 204
    assert server.http.get(f"{VIDEOS}/{job_id}").status_code == 404
    assert server.leftovers() == []
    server.wait_for(lambda: not drawing_processes(server))
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def test_an_overlay_that_cannot_be_drawn_says_why(
    start: Start, clip: Path, tmp_path: Path, overlay_params: dict[str, object]
) -> None:
    """The timeline is available nevertheless; requests for the overlay get the reason."""
    (tmp_path / "no.ttf").write_text("no font")
    server = start(overlay=overlay_params | {"font": str(tmp_path / "no.ttf")})
    job_id = server.submit(clip)
    assert_failed(server, job_id, "cannot be used as a font")
    # A job of an early version that drew no overlays: the data to draw one is missing.
    server.stop()
    folder = server.data / "jobs" / job_id
    for name in ("drawing.npz", ANGLES_FILE, "poses.srt", RECORD_FILE):
        (folder / name).unlink()
    with sqlite3.connect(server.data / "queue.sqlite") as database:
        condition = "DELETE FROM workflow_status WHERE workflow_uuid = ?"
        assert database.execute(condition, (f"{job_id}-overlay",)).rowcount == 1
    set_overlay(server, font=None)
    server.start()
    assert_failed(server, job_id, "Upload it again")
    assert "angles" not in server.job(job_id)["links"]
    for name in ("angles", "timeline?format=srt"):
        reply = server.http.get(f"{VIDEOS}/{job_id}/{name}")
        assert reply.status_code == 404
        assert "Upload it again" in reply.json()["detail"]


def assert_failed(server: Server, job_id: str, reason: str) -> None:
    """The overlay gives the reason, and so do the images drawn with it."""
    job = drawn(server, job_id)
    assert job["status"] == "done"
    overlay = job["overlay"]
    assert isinstance(overlay, dict)
    assert overlay["status"] == "failed"
    assert reason in overlay["problem"]
    for name in ("overlay.mp4", "summary.png", "holds", "holds/1.jpg"):
        reply = server.http.get(f"{VIDEOS}/{job_id}/{name}")
        assert reply.status_code == 409
        assert reason in reply.json()["detail"]
        assert "retry-after" not in reply.headers
    assert server.timeline(job_id)


def test_a_browser_plays_and_seeks_it(server: Server, clip: Path, tmp_path: Path) -> None:
    """Chromium plays the video and seeks to any time."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"needs a browser: one of {', '.join(BROWSERS)} on the path")
    job_id = server.submit(add_audio(clip, tmp_path / "clip.mp4", "aac"))
    drawn(server, job_id)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(server.url)
        facts = page.evaluate(PLAY_AND_SEEK, f"{server.url}{VIDEOS}/{job_id}/overlay.mp4")
        browser.close()
    assert facts["size"] == [320, 240]
    assert facts["duration"] == pytest.approx(CLIP_FRAMES / FRAMES_PER_SECOND, abs=0.1)
    for wanted, (time_s, ready) in zip(SEEKS_S, facts["seeks"], strict=True):
        assert time_s == pytest.approx(wanted, abs=0.01)
        assert ready >= 2
    assert facts["played"] > 0


@pytest.fixture(scope="module")
def overlay_params() -> dict[str, object]:
    """The project's overlay settings."""
    params = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    overlay: dict[str, object] = params["serving"]["overlay"]
    return overlay
