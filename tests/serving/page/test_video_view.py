"""The video view, from choosing a file to the downloads."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from serving.storage.job_record import read_record
from tests.clips import write_audio
from tests.serving.page.conftest import LAPTOP, wait_until, watched
from tests.serving.server import VIDEOS, Server

TIME = "document.querySelector('.player video').currentTime"
STARTS = {
    "json": b"{",
    "csv": b"index",
    "segments": b"label",
    "vtt": b"WEBVTT",
    "srt": b"1\n",
    "eaf": b"<?xml",
    "landmarks": b"frame",
}


def delete_shown(page: Page, name: str) -> None:
    page.click("#delete")
    expect(page.locator("#confirm-text")).to_contain_text(name)
    page.click("#confirm-yes")
    expect(page.locator("#current")).to_be_hidden()


def test_a_video_is_uploaded_analysed_shown_downloaded_and_deleted(
    page: Page, server: Server, clip: Path
) -> None:
    """Upload, progress, ribbon, holds, downloads, link, deletion."""
    page.set_input_files("#file", clip)
    expect(page.locator("#progress")).to_be_visible()
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#current-title")).to_have_text("clip.mp4")
    expect(page.locator("#current-status")).to_have_text("Done")
    job_id = page.url.split("#")[1]
    timeline = server.http.get(f"{VIDEOS}/{job_id}/timeline").json()
    holds = [segment for segment in timeline["segments"] if segment["hold"]]
    expect(page.locator(".segment")).to_have_count(len(timeline["segments"]))
    expect(page.locator(".holds .hold-facts")).to_have_count(len(holds))
    for format_, start in STARTS.items():
        with page.expect_download() as download:
            page.click(f'.downloads a[href$="format={format_}"]')
        assert download.value.path().read_bytes().startswith(start), format_
    page.click("#copy-link")
    expect(page.locator("#copy-link-text")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{server.url}/#{job_id}"
    delete_shown(page, "clip.mp4")
    assert page.url.endswith("#video")
    expect(page.locator("#recent-list")).not_to_contain_text("clip.mp4")


def test_the_video_with_skeleton_replaces_the_original(
    page: Page, server: Server, clip: Path
) -> None:
    """It appears with photos and summary when it is ready; the original stays one click away."""
    job_id = server.submit(clip, "drawn.mp4")
    page.goto(f"{server.url}/#{job_id}")
    expect(page.locator("#result")).to_be_visible()
    expect(page.get_by_label("With skeleton")).to_be_checked()
    source = "document.querySelector('.player video').getAttribute('src')"
    assert page.evaluate(source).endswith("/overlay.mp4")
    wait_until(page, "document.querySelector('.player video').readyState >= 1")
    page.locator(".ribbon").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("Original").check()
    assert page.evaluate(source).endswith("/media")
    wait_until(page, "document.querySelector('.player video').readyState >= 1")
    assert page.evaluate(TIME) == pytest.approx(1, abs=0.1)
    holds = page.locator(".holds .hold-facts").count()
    expect(page.locator(".hold-photo")).to_have_count(holds)
    expect(page.locator(".summary img")).to_be_visible()
    for link, start in ((".summary a", b"\x89PNG"), ('.downloads a[href$="overlay.mp4"]', b"\0")):
        with page.expect_download() as download:
            page.click(link)
        assert download.value.path().read_bytes().startswith(start), link


def test_a_video_in_slow_motion_has_the_times_of_the_performer(
    page: Page, server: Server, clip: Path
) -> None:
    """Chosen before the upload; the player still finds what belongs to a time."""
    page.get_by_label("Slow motion").select_option("4")
    page.set_input_files("#file", clip)
    expect(page.locator("#result")).to_be_visible()
    expect(page.get_by_label("Slow motion")).to_have_value("")
    job_id = page.url.split("#")[1]
    timeline = server.http.get(f"{VIDEOS}/{job_id}/timeline").json()
    assert timeline["media"]["slow_motion"] == 4
    record = read_record(server.data / "jobs" / job_id)
    assert record is not None
    assert record.slow_motion == 4
    wait_until(page, "document.querySelector('.player video').readyState >= 1")
    duration_s = float(page.evaluate("document.querySelector('.player video').duration"))
    assert timeline["media"]["duration_s"] == pytest.approx(duration_s / 4, abs=0.05)
    ribbon = page.locator(".ribbon")
    box = ribbon.bounding_box()
    assert box is not None
    ribbon.click(position={"x": box["width"] / 2, "y": 20})
    assert page.evaluate(TIME) == pytest.approx(duration_s / 2, abs=0.1)
    shown = page.locator(".player .time")
    expect(shown).to_have_text(f"0:{duration_s / 8:04.1f} / 0:{duration_s / 4:04.1f}")
    expect(page.locator(".media")).to_contain_text("4 times slower than real")


def test_each_hold_says_what_cost_points_and_shows_its_moments(
    page: Page, server: Server, finished_job: str
) -> None:
    """As the timeline has it; on a phone, nothing of it is cut off."""
    timeline = server.http.get(f"{VIDEOS}/{finished_job}/timeline").json()
    scores = [segment["score"] for segment in timeline["segments"] if segment["hold"]]
    assert scores
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/#{finished_job}")
    expect(page.locator(".holds .why")).to_have_count(len(scores))
    for number, score in enumerate(scores):
        hold = page.locator(".hold-card").nth(number)
        texts = [fault["text"] for fault in score["faults"]] or [score["reason"] or "Nothing cost"]
        for text in texts:
            expect(hold.locator(".why")).to_contain_text(text)
        points = hold.locator(".points")
        if score["points"] is None:
            expect(points).to_have_text("–")
        else:
            assert float(points.inner_text()) == pytest.approx(score["points"], abs=0.51)
        box = points.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    closer = page.locator(".closer summary").first
    closer.click()
    expect(page.locator(".hold-card").first.locator(".moments img")).to_have_count(3)
    images = "[...document.querySelectorAll('.moments')[0].querySelectorAll('img')]"
    wait_until(page, f"{images}.every(image => image.naturalWidth)")


def test_a_video_the_browser_cannot_play_is_shown_with_its_skeleton(
    page: Page, tmp_path: Path, performer_frames: list[NDArray[np.uint8]]
) -> None:
    """The page says so for the original; the video with skeleton plays everywhere."""
    height, width = performer_frames[0].shape[:2]
    old = cv2.VideoWriter(
        str(tmp_path / "old.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (width, height)
    )
    for frame in performer_frames:
        old.write(frame[:, :, ::-1].copy())
    old.release()
    page.set_input_files("#file", tmp_path / "old.mp4")
    video = page.locator(".player video")
    expect(page.get_by_label("With skeleton")).to_be_checked()
    expect(video).to_be_visible()
    page.get_by_label("Original").check()
    expect(page.locator(".unplayable")).to_be_visible()
    expect(video).to_be_hidden()
    page.get_by_label("With skeleton").check()
    expect(video).to_be_visible()
    expect(page.locator(".unplayable")).to_be_hidden()


def test_ribbon_table_and_chart_seek_in_the_video(
    page: Page, server: Server, finished_job: str
) -> None:
    """A click jumps to that time; arrow keys step one second forward or back."""
    page.goto(f"{server.url}/#{finished_job}")
    ribbon = page.locator(".ribbon")
    expect(ribbon).to_be_visible()
    wait_until(page, "document.querySelector('.player video').readyState >= 1")
    duration = float(page.evaluate("document.querySelector('.player video').duration"))
    box = ribbon.bounding_box()
    assert box is not None
    ribbon.click(position={"x": box["width"] / 2, "y": 20})
    assert page.evaluate(TIME) == pytest.approx(duration / 2, abs=0.1)
    ribbon.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(TIME) == pytest.approx(1, abs=0.1)
    expect(page.locator("#now")).not_to_be_empty()
    page.keyboard.press("Space")
    wait_until(page, "!document.querySelector('.player video').paused")
    page.keyboard.press("Space")
    assert page.evaluate("document.querySelector('.player video').paused")
    chart = page.locator(".chart .u-over")
    plot = chart.bounding_box()
    assert plot is not None
    chart.click(position={"x": plot["width"] / 4, "y": 30})
    assert page.evaluate(TIME) == pytest.approx(duration / 4, abs=0.1)
    hold = page.locator(".pose-button").first
    hold.click()
    wait_until(page, "!document.querySelector('.player video').paused")


def test_the_player_has_the_buttons_of_a_player(
    page: Page, server: Server, finished_job: str
) -> None:
    """Play, pause, speed, captions, sound, full screen."""
    page.goto(f"{server.url}/#{finished_job}")
    expect(page.get_by_label("With skeleton")).to_be_checked()
    video = "document.querySelector('.player video')"
    page.get_by_label("Speed").select_option("0.25")
    assert page.evaluate(f"{video}.playbackRate") == 0.25
    page.get_by_label("Original").check()
    wait_until(page, f"{video}.readyState >= 1")
    assert page.evaluate(f"{video}.playbackRate") == 0.25
    page.get_by_role("button", name="Captions").click()
    wait_until(page, f"{video}.textTracks[0].cues?.length > 0")
    assert page.evaluate(f"{video}.textTracks[0].mode") == "showing"
    page.get_by_role("button", name="Mute").click()
    assert page.evaluate(f"{video}.muted")
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until(page, f"{video}.currentTime > 0.1")
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate(f"{video}.paused")
    page.get_by_role("group", name="Player").get_by_label("Full screen").click()
    wait_until(page, f"document.fullscreenElement === {video} && {video}.controls")
    page.evaluate("document.exitFullscreen()")
    wait_until(page, f"!{video}.controls")


def test_joints_are_chosen_and_remembered(page: Page, server: Server, finished_job: str) -> None:
    """The chart shows the chosen joints, also after a reload."""
    page.goto(f"{server.url}/#{finished_job}")
    elbow = page.get_by_role("button", name="left elbow")
    expect(elbow).to_have_attribute("aria-pressed", "false")
    elbow.click()
    expect(page.locator(".chart")).to_have_attribute("aria-label", re.compile("left elbow"))
    page.reload()
    expect(elbow).to_have_attribute("aria-pressed", "true")


def test_a_video_that_fails_says_why_and_can_be_deleted(page: Page, tmp_path: Path) -> None:
    """The page shows the service's own message and a way out."""
    page.set_input_files("#file", write_audio(tmp_path / "song.mp4"))
    expect(page.locator("#failed-text")).to_contain_text("song.mp4 contains sound but no video")
    page.click("#failed-delete")
    expect(page.locator("#current")).to_be_hidden()
    expect(page.locator("#recent-list")).not_to_contain_text("song.mp4")


def test_a_running_analysis_is_cancelled(page: Page, long_clip: Path) -> None:
    """The card closes and the video is no longer listed."""
    page.set_input_files("#file", long_clip)
    expect(page.locator("#busy-text")).to_contain_text("frames")
    page.click("#cancel")
    expect(page.locator("#current")).to_be_hidden()
    expect(page.locator("#recent-list")).not_to_contain_text("long.mp4")


def test_a_slip_deletes_nothing(page: Page, server: Server, clip: Path) -> None:
    """The page asks first; Escape and "Keep it" mean no."""
    job_id = server.submit(clip, "mine.mp4")
    server.finished(job_id)
    page.reload()
    delete = page.get_by_role("button", name="Delete mine.mp4")
    delete.click()
    page.keyboard.press("Escape")
    delete.click()
    page.get_by_role("button", name="Keep it").click()
    assert server.job(job_id)["status"] == "done"
    delete.click()
    page.click("#confirm-yes")
    expect(delete).to_have_count(0)
    assert server.http.get(f"{VIDEOS}/{job_id}").status_code == 404


def test_a_file_above_the_limit_is_not_sent(page: Page, tmp_path: Path) -> None:
    """The page knows the limit of the service."""
    (tmp_path / "huge.mp4").write_bytes(b"\0" * (3 * 1024 * 1024))
    expect(page.locator("#limits")).to_contain_text("Up to 2 MB")
    page.set_input_files("#file", tmp_path / "huge.mp4")
    expect(page.locator("#message")).to_contain_text("The limit is 2 MB")
    page.click("#message-close")
    expect(page.locator("#message")).to_be_hidden()


def test_the_demo_is_one_click_away(page: Page) -> None:
    """No file needed."""
    page.click("#demo")
    expect(page.locator("#result")).to_be_visible()


def test_a_link_to_a_deleted_video_says_so(page: Page, server: Server) -> None:
    """The page shows the view where another one can be chosen."""
    page.goto(f"{server.url}/#{'0' * 32}")
    expect(page.locator("#message")).to_contain_text("There is no video")
    expect(page.locator("#file")).to_be_attached()
    assert page.url.endswith("#video")


def test_an_analysis_stays_open_while_another_view_is_shown(
    page: Page, server: Server, finished_job: str
) -> None:
    """Switching to another view and back keeps it open; clicking the same view again closes it."""
    page.goto(f"{server.url}/#{finished_job}")
    expect(page.locator("#result")).to_be_visible()
    page.click("#to-photo")
    page.click("#to-video")
    expect(page.locator("#result")).to_be_visible()
    assert page.url.endswith(finished_job)
    page.click("#to-video")
    expect(page.locator("#result")).to_be_hidden()


def test_an_analysis_survives_a_killed_service(
    browser: Browser, restartable: Server, long_clip: Path
) -> None:
    """The page says that the connection is lost, waits, and shows the result without a reload."""
    with watched(browser.new_context(viewport=LAPTOP)) as page:
        page.goto(restartable.url)
        page.set_input_files("#file", long_clip)
        expect(page.locator("#busy-text")).to_contain_text("frames")
        restartable.kill()
        expect(page.locator("#message")).to_contain_text("The connection was lost")
        restartable.start()
        expect(page.locator("#result")).to_be_visible()
        expect(page.locator("#message")).to_be_hidden()
        page.locator(".ribbon").click()
        with page.expect_download() as download:
            page.click('.downloads a[href$="format=json"]')
        assert download.value.path().read_bytes().startswith(b"{")
        delete_shown(page, "long.mp4")
        page.goto("about:blank")
